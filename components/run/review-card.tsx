import { Check, X } from 'lucide-react';
import Link from 'next/link';
import type { TimelineReview } from '@/components/trpc/types';
import { Badge, type BadgeTone } from '@/components/ui/badge';
import type { Finding } from '@/server/agents/schema';

const VERDICT: Record<string, { tone: BadgeTone; words: string }> = {
  APPROVED: { tone: 'success', words: 'Approved' },
  REJECTED: { tone: 'danger', words: 'Rejected' },
  ERROR: { tone: 'warning', words: 'No valid verdict' },
};

const SEVERITY: Record<string, BadgeTone> = { blocker: 'danger', major: 'warning', minor: 'neutral' };

export function Findings({ projectId, findings }: { projectId: string; findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul aria-label="Findings" className="space-y-2">
      {findings.map((finding) => (
        <li
          key={`${finding.criterion ?? ''}:${finding.file ?? ''}:${finding.line ?? ''}:${finding.problem}`}
          className="text-[0.8125rem]"
        >
          <div className="flex flex-wrap items-center gap-1.5">
            <Badge tone={SEVERITY[finding.severity] ?? 'neutral'}>{finding.severity}</Badge>
            {finding.criterion === undefined ? null : (
              <span className="font-mono text-[0.75rem]">{finding.criterion}</span>
            )}
            {finding.file === undefined ? null : (
              <Link
                className="font-mono text-[0.75rem] break-all text-chalk underline underline-offset-2"
                href={`/projects/${projectId}/files?path=${encodeURIComponent(finding.file)}&line=${finding.line ?? 1}`}
              >
                {finding.file}
                {finding.line === undefined ? '' : `:${finding.line}`}
              </Link>
            )}
          </div>
          <p className="mt-0.5">{finding.problem}</p>
          {finding.fix === '' ? null : <p className="text-muted-foreground">Fix: {finding.fix}</p>}
        </li>
      ))}
    </ul>
  );
}

/** The verdict with the evidence it rests on, and why the rules decided otherwise than the model if they did. */
export function ReviewCard({ projectId, review }: { projectId: string; review: TimelineReview }) {
  const verdict = VERDICT[review.status] ?? { tone: 'neutral' as const, words: review.status };
  return (
    <details className="group/review rounded-md border border-border">
      <summary className="flex min-h-9 flex-wrap items-center gap-2 rounded-md px-2.5 py-1 text-[0.8125rem] hover:bg-accent/60">
        <Badge tone={verdict.tone}>
          {review.status === 'APPROVED' ? <Check aria-hidden="true" /> : <X aria-hidden="true" />}
          {verdict.words}
        </Badge>
        <span className="text-muted-foreground">
          {review.criteria.filter(({ met }) => met).length} of {review.criteria.length} criteria met
          {review.findings.length === 0
            ? ''
            : `, ${review.findings.length} ${review.findings.length === 1 ? 'finding' : 'findings'}`}
        </span>
      </summary>
      <div className="space-y-3 border-t border-border px-2.5 py-2.5">
        {review.decidedBy !== null && review.decidedBy !== '' && review.decidedBy !== 'model' ? (
          <p className="text-[0.8125rem]">
            <span className="font-medium">Decided by the rules:</span> {review.decidedBy}
            {review.modelStatus === null || review.modelStatus === review.status
              ? ''
              : ` (the reviewer said ${review.modelStatus})`}
          </p>
        ) : null}
        <ul aria-label="Evidence" className="space-y-1.5">
          {review.criteria.map((criterion) => (
            <li key={criterion.id} className="flex gap-2 text-[0.8125rem]">
              {criterion.met ? (
                <Check role="img" aria-label="met" className="mt-0.5 size-3.5 shrink-0 text-success" />
              ) : (
                <X role="img" aria-label="not met" className="mt-0.5 size-3.5 shrink-0 text-danger" />
              )}
              <span className="w-10 shrink-0 font-mono text-[0.75rem] leading-5 text-muted-foreground">
                {criterion.id}
              </span>
              <span className="min-w-0 break-words">{criterion.evidence}</span>
            </li>
          ))}
        </ul>
        <Findings projectId={projectId} findings={review.findings} />
      </div>
    </details>
  );
}
