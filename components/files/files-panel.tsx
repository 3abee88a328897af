'use client';
import { skipToken, useQuery } from '@tanstack/react-query';
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

function FileContent({ snapshotId, path, from, to }: { snapshotId: string; path: string; from: number | undefined; to: number | undefined }) {
  const { projectId } = useProjectStream();
  const trpc = useTRPC();
  const { data, error, refetch } = useQuery(trpc.files.read.queryOptions({ projectId, snapshotId, path }, { staleTime: Number.POSITIVE_INFINITY }));
  if (error !== null) return <ErrorState title={`${path} could not be read`} message={errorMessage(error)} onRetry={() => void refetch()} />;
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

/** Files of a snapshot, or the difference between two. All choices stand in the address, so a link shows the same. */
export function FilesPanel() {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const router = useRouter();
  const params = useSearchParams();
  const snapshots = useQuery(trpc.files.snapshots.queryOptions({ projectId }));
  const rows = snapshots.data ?? [];
  const selected = rows.find((row) => row.id === params.get('snapshot')) ?? rows.find((row) => row.isHead) ?? rows[0];
  const compare = params.get('compare');
  const tree = useQuery(trpc.files.tree.queryOptions(selected === undefined ? skipToken : { projectId, snapshotId: selected.id }));
  const from = compare === 'empty' ? null : compare;
  const diff = useQuery(trpc.files.diff.queryOptions(selected === undefined || compare === null ? skipToken : { projectId, from, to: selected.id }));
  const nodes = useMemo(() => buildTree(tree.data?.files ?? []), [tree.data]);
  const files = tree.data?.files ?? [];
  const wanted = params.get('path');
  const path = files.some((file) => file.path === wanted) ? wanted : (files.find((file) => file.path === 'README.md')?.path ?? files[0]?.path ?? null);
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
  return (
    <Section title="Files" titleId="files-title">
      {snapshots.error !== null ? <ErrorState title="The files could not be read" message={errorMessage(snapshots.error)} onRetry={() => void snapshots.refetch()} /> : null}
      {snapshots.isPending ? <Skeleton className="h-72" /> : null}
      {snapshots.data !== undefined && selected === undefined ? <EmptyState title="No files yet">{view?.plan === null ? 'First comes the plan.' : 'Each task of the run leaves a snapshot here.'}</EmptyState> : null}
      {selected === undefined ? null : (
        <div className="space-y-3">
          <SnapshotBar rows={rows} selected={selected} compare={compare} onSelect={(id) => go({ snapshot: id, compare: null, line: null, end: null })} onCompare={(id) => go({ compare: id })} />
          {compare === null ? (
            <div className="grid gap-3 lg:grid-cols-[15rem_minmax(0,1fr)]">
              <nav aria-label="Files of the snapshot" className="max-h-[70dvh] overflow-y-auto rounded-lg border border-border bg-card p-1.5 max-lg:max-h-56">
                {tree.data === undefined ? <Skeleton className="h-40" /> : <TreeView nodes={nodes} selected={path} onSelect={(next) => go({ path: next, line: null, end: null })} />}
              </nav>
              {path === null ? (
                <EmptyState title="This snapshot is empty" />
              ) : (
                <FileContent snapshotId={selected.id} path={path} from={Number.isFinite(line) && path === wanted ? line : undefined} to={Number.isFinite(end) ? end : undefined} />
              )}
            </div>
          ) : diff.error !== null ? (
            <ErrorState title="The difference could not be computed" message={errorMessage(diff.error)} onRetry={() => void diff.refetch()} />
          ) : diff.data === undefined ? (
            <Skeleton className="h-72" />
          ) : (
            <DiffView files={diff.data.files} />
          )}
        </div>
      )}
    </Section>
  );
}
