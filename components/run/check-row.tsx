import { Check, CircleSlash, TriangleAlert, X } from 'lucide-react';
import type { TimelineCheck } from '@/components/trpc/types';
import { Badge, type BadgeTone } from '@/components/ui/badge';
import { formatDuration } from '@/components/ui/format';
import { ScrollRegion } from '@/components/ui/scroll-region';

const STATUS: Record<string, { tone: BadgeTone; icon: typeof Check }> = {
  passed: { tone: 'success', icon: Check },
  failed: { tone: 'danger', icon: X },
  error: { tone: 'warning', icon: TriangleAlert },
  skipped: { tone: 'neutral', icon: CircleSlash },
};

/** A check that ran (or plainly did not), its output one click away. */
export function CheckRow({ check }: { check: TimelineCheck }) {
  const { tone, icon: Icon } = STATUS[check.status] ?? { tone: 'neutral' as const, icon: CircleSlash };
  return (
    <details className="group/check rounded-md border border-border">
      <summary className="flex min-h-9 flex-wrap items-center gap-x-2 gap-y-0.5 rounded-md px-2.5 py-1 text-[0.8125rem] hover:bg-accent/60">
        <Badge tone={tone}>
          <Icon aria-hidden="true" />
          {check.status}
        </Badge>
        <span className="font-medium">{check.kind}</span>
        <code className="min-w-0 flex-1 basis-32 truncate font-mono text-[0.75rem] text-muted-foreground">
          {check.command}
        </code>
        {check.required ? null : <span className="text-[0.75rem] text-muted-foreground">optional</span>}
        <span className="num text-[0.75rem] text-muted-foreground">{formatDuration(check.durationMs)}</span>
      </summary>
      <div className="border-t border-border">
        <p className="px-2.5 pt-2 text-[0.75rem] text-muted-foreground">
          {check.exitCode === null ? '' : `exit ${check.exitCode} · `}sandbox: {check.sandbox}
        </p>
        <ScrollRegion label={`Output of ${check.kind}`} className="max-h-80 overflow-auto px-2.5 py-2">
          <pre className="font-mono text-[0.75rem] leading-5 whitespace-pre-wrap break-words">
            {check.output.trim() === '' ? 'No output.' : check.output}
          </pre>
        </ScrollRegion>
      </div>
    </details>
  );
}
