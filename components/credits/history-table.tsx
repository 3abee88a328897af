import Link from 'next/link';
import type { Outputs } from '@/components/trpc/types';
import { formatDate, formatDateTime } from '@/components/ui/format';
import { ScrollRegion } from '@/components/ui/scroll-region';
import { exactCredits } from '@/server/credits/schema';
import { Credits } from './credits';
import { ENTRY_KIND_NAME, HELD_AT_MOST } from './entry-kinds';

type Entry = Outputs['credits']['history']['entries'][number];

/** Whether the note adds to the kind's name: `Top-up` under `Top-up` does not. */
function saysMore({ note, kind }: Entry): boolean {
  return note !== null && note !== '' && !ENTRY_KIND_NAME[kind].toLowerCase().startsWith(note.toLowerCase());
}

function What({ entry }: { entry: Entry }) {
  const what = [entry.role, entry.modelLabel].filter((part) => part !== null && part !== '').join(' · ');
  return (
    <>
      <Link
        href={`/credits/${entry.id}`}
        className="font-medium underline decoration-border underline-offset-2 hover:decoration-current"
      >
        {ENTRY_KIND_NAME[entry.kind]}
        <span className="sr-only">: receipt of {formatDateTime(entry.createdAt)}</span>
      </Link>
      {what === '' ? null : <span className="text-muted-foreground"> · {what}</span>}
      {entry.projectId === null ? null : (
        <span className="block">
          <Link href={`/projects/${entry.projectId}`} className="text-chalk underline underline-offset-2">
            {entry.projectTitle ?? 'Project'}
          </Link>
          {entry.taskKey === null ? null : (
            <span className="text-muted-foreground">
              {' '}
              · {entry.taskKey} {entry.taskTitle}
            </span>
          )}
        </span>
      )}
      {saysMore(entry) ? <span className="block text-muted-foreground">{entry.note}</span> : null}
      {entry.estimated === null ? null : (
        <span className="block text-[0.75rem] text-muted-foreground sm:hidden">
          held at most <Credits micro={entry.estimated} />
        </span>
      )}
      {entry.priceFrom === null ? null : (
        <span className="block text-[0.75rem] text-muted-foreground">
          exactly {exactCredits(entry.amount)} credits · price of {formatDate(entry.priceFrom)}
        </span>
      )}
    </>
  );
}

function Row({ entry }: { entry: Entry }) {
  return (
    <tr className="align-top">
      <td className="py-2 pr-3 pl-3 whitespace-nowrap text-muted-foreground max-sm:hidden">
        <time dateTime={entry.createdAt.toISOString()}>{formatDateTime(entry.createdAt)}</time>
      </td>
      <td className="px-3 py-2">
        <time dateTime={entry.createdAt.toISOString()} className="block text-[0.75rem] text-muted-foreground sm:hidden">
          {formatDateTime(entry.createdAt)}
        </time>
        <What entry={entry} />
      </td>
      <td className="num px-3 py-2 max-sm:hidden">
        {entry.estimated === null ? '' : <Credits micro={entry.estimated} />}
      </td>
      <td className="num px-3 py-2 max-sm:hidden">
        {entry.actual === null ? '' : <Credits micro={entry.actual} />}
        {entry.absorbed > 0n ? (
          <span className="block text-[0.75rem] text-muted-foreground">
            absorbed <Credits micro={entry.absorbed} />
          </span>
        ) : null}
      </td>
      <td className="num px-3 py-2 font-medium">
        <Credits micro={entry.amount} signed className={entry.amount > 0n ? 'text-success' : ''} />
        <span className="block text-[0.75rem] font-normal text-muted-foreground sm:hidden">
          left <Credits micro={entry.balanceAfter} />
        </span>
      </td>
      <td className="num py-2 pr-3 pl-3 text-muted-foreground max-sm:hidden">
        <Credits micro={entry.balanceAfter} />
      </td>
    </tr>
  );
}

/** Lines of the ledger with the balance after each; every line opens its receipt. */
export function HistoryTable({ entries }: { entries: readonly Entry[] }) {
  return (
    <ScrollRegion label="Ledger" className="overflow-x-auto rounded-lg border border-border bg-card">
      <table className="w-full text-[0.8125rem] sm:min-w-[44rem]">
        <caption className="sr-only">Ledger entries, newest first, in credits</caption>
        <thead className="border-b border-border bg-muted text-left text-[0.75rem] text-muted-foreground">
          <tr>
            <th scope="col" className="py-2 pr-3 pl-3 font-medium max-sm:hidden">
              When (UTC)
            </th>
            <th scope="col" className="px-3 py-2 font-medium">
              What
            </th>
            <th scope="col" title={HELD_AT_MOST} className="num px-3 py-2 font-medium max-sm:hidden">
              Held<span className="sr-only"> at most</span>
            </th>
            <th scope="col" className="num px-3 py-2 font-medium max-sm:hidden">
              Actual
            </th>
            <th scope="col" className="num px-3 py-2 font-medium">
              Credits
            </th>
            <th scope="col" className="num py-2 pr-3 pl-3 font-medium max-sm:hidden">
              Balance
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-border">
          {entries.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
