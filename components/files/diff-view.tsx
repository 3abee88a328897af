import type { Outputs } from '@/components/trpc/types';
import { Badge, type BadgeTone } from '@/components/ui/badge';
import { cn } from '@/components/ui/cn';
import { EmptyState } from '@/components/ui/empty-state';
import { plural } from '@/components/ui/format';
import { ScrollRegion } from '@/components/ui/scroll-region';

type DiffFile = Outputs['files']['diff']['files'][number];
const TONE: Record<string, BadgeTone> = { added: 'success', removed: 'danger', changed: 'chalk' };

function Hunk({ hunk }: { hunk: DiffFile['hunks'][number] }) {
  let before = hunk.oldStart;
  let after = hunk.newStart;
  return (
    <>
      <tr className="bg-muted text-muted-foreground">
        <td colSpan={3} className="px-3 py-0.5">
          @@ -{hunk.oldStart},{hunk.oldLines} +{hunk.newStart},{hunk.newLines} @@
        </td>
      </tr>
      {hunk.lines.map((line, index) => {
        const sign = line[0];
        const old = sign === '+' || sign === '\\' ? '' : before++;
        const now = sign === '-' || sign === '\\' ? '' : after++;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line's place in the hunk is its identity
          <tr key={index} className={cn(sign === '+' && 'bg-success-soft', sign === '-' && 'bg-danger-soft')}>
            <td className="w-10 px-2 text-right text-muted-foreground select-none">{old}</td>
            <td className="w-10 px-2 text-right text-muted-foreground select-none">{now}</td>
            <td className="px-2 whitespace-pre">{line}</td>
          </tr>
        );
      })}
    </>
  );
}

/** Files that differ, each with its hunks; the sign at the line's start says added or removed, the colour repeats it. */
export function DiffView({ files }: { files: readonly DiffFile[] }) {
  if (files.length === 0) return <EmptyState title="No difference">Both snapshots hold the same files.</EmptyState>;
  const additions = files.reduce((sum, file) => sum + file.additions, 0);
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
  const truncated = files.filter((file) => file.truncated).length;
  return (
    <div className="space-y-3">
      <p className="text-[0.8125rem] text-muted-foreground">
        {plural(files.length, 'file')}, <span className="text-success">+{additions}</span>{' '}
        <span className="text-danger">−{deletions}</span>
        {truncated === 0
          ? null
          : ` in the first ${files.length - truncated}; the lines of ${plural(truncated, 'file')} are not shown`}
      </p>
      {files.map((file) => (
        <details key={file.path} open={files.length <= 8} className="rounded-lg border border-border bg-card">
          <summary className="flex min-h-9 flex-wrap items-center gap-2 rounded-lg px-3 py-1.5 text-[0.8125rem] hover:bg-accent/60">
            <Badge tone={TONE[file.status] ?? 'neutral'}>{file.status}</Badge>
            <span className="min-w-0 flex-1 font-mono text-[0.75rem] break-all">{file.path}</span>
            <span className="num">
              {file.truncated ? (
                'not compared'
              ) : (
                <>
                  <span className="text-success">+{file.additions}</span>{' '}
                  <span className="text-danger">−{file.deletions}</span>
                </>
              )}
            </span>
          </summary>
          <ScrollRegion label={`Difference of ${file.path}`} className="overflow-x-auto border-t border-border">
            <table className="w-full font-mono text-[0.75rem] leading-5">
              <caption className="sr-only">Old line, new line, text</caption>
              <tbody>
                {file.hunks.map((hunk) => (
                  <Hunk key={`${hunk.oldStart}:${hunk.newStart}`} hunk={hunk} />
                ))}
              </tbody>
            </table>
          </ScrollRegion>
        </details>
      ))}
    </div>
  );
}
