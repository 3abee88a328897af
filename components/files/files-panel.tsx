'use client';
import { useQuery } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMemo } from 'react';
import { Markdown } from '@/components/chat/markdown';
import { useProjectStream } from '@/components/project/project-stream';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Card, Section } from '@/components/ui/card';
import { CopyButton } from '@/components/ui/copy-button';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { formatBytes } from '@/components/ui/format';
import { Skeleton } from '@/components/ui/skeleton';
import { CodeView } from './code-view';
import { DiffView } from './diff-view';
import { buildTree } from './file-tree';
import { SnapshotBar } from './snapshot-bar';
import { TreeView } from './tree-view';

function FileContent({
  snapshotId,
  path,
  from,
  to,
}: {
  snapshotId: string;
  path: string;
  from: number | undefined;
  to: number | undefined;
}) {
  const { projectId } = useProjectStream();
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(
    trpc.files.read.queryOptions({ projectId, snapshotId, path }, { staleTime: Number.POSITIVE_INFINITY }),
  );
  if (error !== null)
    return (
      <ErrorState title={`${path} could not be read`} message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  if (data === undefined) return <Skeleton className="h-72" />;
  return (
    <Card className="min-w-0 overflow-hidden">
      <div className="flex min-h-9 items-center gap-3 border-b border-border bg-muted pr-1 pl-3">
        <h3 className="min-w-0 flex-1 truncate font-mono text-[0.75rem]" title={data.path}>
          {data.path}
        </h3>
        <span className="num text-[0.75rem] text-muted-foreground">{formatBytes(data.size)}</span>
        {data.binary ? null : <CopyButton text={data.content} label="Copy file" />}
      </div>
      {data.binary ? (
        <p className="p-4 text-muted-foreground">Binary file: download the ZIP to open it.</p>
      ) : path.endsWith('.md') && from === undefined ? (
        <div className="p-4">
          <Markdown text={data.content} />
        </div>
      ) : (
        <CodeView code={data.content} language={path} label={`Contents of ${path}`} from={from} to={to} />
      )}
    </Card>
  );
}

/** What is looked at stands in the address, so a link shows the same. */
function useFilesAddress(projectId: string) {
  const router = useRouter();
  const params = useSearchParams();
  const line = Number.parseInt(params.get('line') ?? '', 10);
  const end = Number.parseInt(params.get('end') ?? '', 10);
  const go = (change: Record<string, string | null>) => {
    const next = new URLSearchParams(params);
    for (const [key, value] of Object.entries(change)) {
      if (value === null) next.delete(key);
      else next.set(key, value);
    }
    router.replace(`/projects/${projectId}/files?${next}`, { scroll: false });
  };
  return {
    snapshot: params.get('snapshot'),
    compare: params.get('compare'),
    path: params.get('path'),
    from: Number.isFinite(line) ? line : undefined,
    to: Number.isFinite(end) ? end : undefined,
    go,
  };
}
type FilesAddress = ReturnType<typeof useFilesAddress>;

/** The tree and the file chosen in it. */
function Browser({ snapshotId, address }: { snapshotId: string; address: FilesAddress }) {
  const { projectId } = useProjectStream();
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.files.tree.queryOptions({ projectId, snapshotId }));
  const nodes = useMemo(() => buildTree(data?.files ?? []), [data]);
  if (error !== null)
    return (
      <ErrorState title="The files could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
    );
  if (data === undefined) return <Skeleton className="h-72" />;
  const { files } = data;
  const wanted = files.find((file) => file.path === address.path);
  const path = (wanted ?? files.find((file) => file.path === 'README.md') ?? files[0])?.path;
  if (path === undefined) return <EmptyState title="This snapshot is empty" />;
  return (
    <div className="grid gap-3 lg:grid-cols-[15rem_minmax(0,1fr)]">
      <nav
        aria-label="Files of the snapshot"
        className="max-h-[70dvh] overflow-y-auto rounded-lg border border-border bg-card p-1.5 max-lg:max-h-56"
      >
        <TreeView
          nodes={nodes}
          selected={path}
          onSelect={(next) => address.go({ path: next, line: null, end: null })}
        />
      </nav>
      <FileContent
        snapshotId={snapshotId}
        path={path}
        from={wanted === undefined ? undefined : address.from}
        to={address.to}
      />
    </div>
  );
}

function Difference({ from, to }: { from: string | null; to: string }) {
  const { projectId } = useProjectStream();
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.files.diff.queryOptions({ projectId, from, to }));
  if (error !== null)
    return (
      <ErrorState
        title="The difference could not be computed"
        message={errorMessage(error)}
        onRetry={() => void refetch()}
      />
    );
  return data === undefined ? <Skeleton className="h-72" /> : <DiffView files={data.files} />;
}

/** Files of a snapshot, or the difference between two. */
export function FilesPanel() {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const address = useFilesAddress(projectId);
  const { data, error, refetch } = useQuery(trpc.files.snapshots.queryOptions({ projectId }));
  const rows = data ?? [];
  const selected = rows.find((row) => row.id === address.snapshot) ?? rows.find((row) => row.isHead) ?? rows[0];
  const { compare, go } = address;
  return (
    <Section title="Files" titleId="files-title">
      {error === null ? null : (
        <ErrorState title="The files could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      )}
      {data === undefined && error === null ? <Skeleton className="h-72" /> : null}
      {data !== undefined && selected === undefined ? (
        <EmptyState title="No files yet">
          {view?.plan === null ? 'First comes the plan.' : 'Each task of the run leaves a snapshot here.'}
        </EmptyState>
      ) : null}
      {selected === undefined ? null : (
        <div className="space-y-3">
          <SnapshotBar
            rows={rows}
            selected={selected}
            compare={compare}
            onSelect={(id) => go({ snapshot: id, compare: null, line: null, end: null })}
            onCompare={(id) => go({ compare: id })}
          />
          {compare === null ? (
            <Browser snapshotId={selected.id} address={address} />
          ) : (
            <Difference from={compare === 'empty' ? null : compare} to={selected.id} />
          )}
        </div>
      )}
    </Section>
  );
}
