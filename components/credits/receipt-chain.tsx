import Link from 'next/link';
import type { ReactNode } from 'react';
import type { Outputs } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';
import { formatDateTime, formatDuration } from '@/components/ui/format';
import {
  formatNanoUsd,
  formula,
  formulaInWords,
  holdInWords,
  roleInWords,
  sixDecimals,
  tokensInWords,
} from './receipt-words';

type ReceiptData = Outputs['credits']['receipt'];

const LINK = 'text-chalk underline underline-offset-2';

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <li className="relative pb-4 pl-6 last:pb-0">
      <span aria-hidden="true" className="absolute top-0 bottom-0 left-[0.3125rem] w-px bg-border" />
      <span
        aria-hidden="true"
        className="absolute top-1.5 left-0.5 size-2 rotate-45 border border-muted-foreground bg-background"
      />
      <h3 className="lettering text-muted-foreground">{title}</h3>
      <div className="space-y-0.5 text-[0.8125rem]">{children}</div>
    </li>
  );
}

function CallPart({ receipt }: { receipt: ReceiptData }) {
  const { call, price } = receipt;
  if (call === null) return null;
  const numbers = formula(receipt);
  return (
    <>
      <Part title="Model call">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium">{call.modelLabel}</span>
          <Badge>{call.quality}</Badge>
          {call.ownKey ? <Badge tone="brass">own key</Badge> : null}
          {call.status === 'succeeded' ? null : <Badge tone="warning">{call.status}</Badge>}
        </p>
        <p>{tokensInWords(call)}.</p>
        <p className="text-muted-foreground">
          {formatDateTime(call.createdAt)} UTC
          {call.latencyMs === null ? '' : ` · took ${formatDuration(call.latencyMs)}`}
          {call.httpRetries > 0 ? ` · ${call.httpRetries} retries` : ''}
          {call.keyIdentifier === null ? '' : ` · key …${call.keyIdentifier}`}
          {` · prompt ${call.promptVersion}`}
        </p>
      </Part>
      <Part title="Price">
        {price === null ? (
          <p>No price row was used.</p>
        ) : (
          <p>
            Row of {formatDateTime(price.effectiveFrom)} UTC, per million tokens: {formatNanoUsd(price.inputPerMillion)}{' '}
            read, {formatNanoUsd(price.cachedPerMillion)} from the cache, {formatNanoUsd(price.outputPerMillion)}{' '}
            written.
          </p>
        )}
        <p>{formulaInWords(receipt)}</p>
        {numbers === null ? null : <p className="font-mono text-[0.75rem] tabular-nums">{numbers}</p>}
      </Part>
      <Part title="Role">
        <p>
          <span className="font-medium">{call.role}</span>: it {roleInWords(call.role)}
          {receipt.step === null ? '' : `, attempt ${receipt.step.attempt}`}.
        </p>
      </Part>
    </>
  );
}

/** The files page, comparing what the step began with and what it left. */
function differenceHref(projectId: string, from: string | null, to: string): string {
  return `/projects/${projectId}/files?${new URLSearchParams({ snapshot: to, compare: from ?? 'empty' })}`;
}

/** From the ledger entry to the lines of code it paid for. */
export function ReceiptChain({ receipt }: { receipt: ReceiptData }) {
  const { hold, project, task, step, call } = receipt;
  if (hold === null && call === null && project === null) return null;
  return (
    <section aria-labelledby="chain-title" className="space-y-3">
      <h2 id="chain-title" className="text-sm font-semibold">
        What it paid for
      </h2>
      <ol>
        {hold === null ? null : (
          <Part title="Hold">
            <p>
              {sixDecimals(hold.amount)} credits were set aside at {formatDateTime(hold.createdAt)} UTC{' '}
              {holdInWords(hold.status)}
              {hold.closedAt === null ? '' : `, ${formatDateTime(hold.closedAt)} UTC`}.
            </p>
          </Part>
        )}
        <CallPart receipt={receipt} />
        {project === null ? null : (
          <Part title={task === null ? 'Project' : 'Task'}>
            <p>
              <Link href={`/projects/${project.id}`} className={LINK}>
                {project.title === '' ? 'Project' : project.title}
              </Link>
              {task === null ? null : (
                <>
                  {' · '}
                  <Link href={`/projects/${project.id}/plan`} className={LINK}>
                    {task.key} {task.title}
                  </Link>{' '}
                  <Badge>{task.status}</Badge>
                </>
              )}
            </p>
          </Part>
        )}
        {project === null || step?.snapshotId == null ? null : (
          <Part title="Difference">
            <Link href={differenceHref(project.id, step.parentSnapshotId, step.snapshotId)} className={LINK}>
              {step.difference === 'reviewed' ? 'See the lines it reviewed' : 'See the lines it changed'}
            </Link>
          </Part>
        )}
      </ol>
    </section>
  );
}
