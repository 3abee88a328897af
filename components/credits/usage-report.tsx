'use client';
import { useQuery } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Card, Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { Label, Select } from '@/components/ui/field';
import { plural } from '@/components/ui/format';
import { Skeleton } from '@/components/ui/skeleton';
import { formatCredits, REPORT_DAYS } from '@/server/credits/schema';
import {
  chargedPercent,
  dayBars,
  daysInWords,
  drawnCredits,
  largestRows,
  modelRows,
  type NamedAmount,
  projectRows,
  taskBars,
  taskName,
} from './chart-data';
import { Credits } from './credits';
import { FigureCard } from './figure-card';
import { REPORT_OPENS_WITH_DAYS } from './history-filter';
import { sixDecimals } from './receipt-words';

type Report = Outputs['credits']['report'];

const loading = () => <Skeleton className="h-45" />;
// The charting library is heavy: it comes after the page, and on this page only.
const DayChart = dynamic(() => import('./charts').then((charts) => charts.DayChart), { ssr: false, loading });
const RowChart = dynamic(() => import('./charts').then((charts) => charts.RowChart), { ssr: false, loading });
const TaskChart = dynamic(() => import('./charts').then((charts) => charts.TaskChart), { ssr: false, loading });

const SPANS = [7, 30, REPORT_DAYS] as const;

function Totals({ total }: { total: Report['total'] }) {
  const percent = chargedPercent(total);
  const tiles = [
    { name: 'Used', value: <Credits micro={total.used} unit />, note: 'after refunds' },
    { name: 'Absorbed rework', value: <Credits micro={total.absorbed} unit />, note: 'you did not pay for it' },
    {
      name: 'Charged of quotes',
      value: percent === null ? '–' : `${percent} %`,
      note: percent === null ? 'no task has finished' : `of at most ${formatCredits(total.quotedP90)} cr for tasks`,
    },
  ];
  return (
    <Card className="grid divide-border max-sm:divide-y sm:grid-cols-3 sm:divide-x">
      {tiles.map(({ name, value, note }) => (
        <dl key={name} className="px-4 py-2.5">
          <dt className="lettering text-muted-foreground">{name}</dt>
          <dd className="text-lg font-semibold tabular-nums">{value}</dd>
          <dd className="text-[0.75rem] text-muted-foreground">{note}</dd>
        </dl>
      ))}
    </Card>
  );
}

/** An amount in a table of numbers: all six decimals, so that they stand under each other. */
function Exact({ micro }: { micro: bigint }) {
  return <span className="num">{sixDecimals(micro)}</span>;
}

const NOTHING_USED = 'Nothing was used in these days.';
const NOTHING_ABSORBED = 'No rejected attempt was refunded in these days.';

function Days({ days, pick }: { days: Report['days']; pick: 'used' | 'absorbed' }) {
  const isUsed = pick === 'used';
  return (
    <FigureCard
      title={isUsed ? 'Credits a day' : 'Absorbed rework a day'}
      words={daysInWords(days, pick)}
      className={isUsed ? '' : 'md:col-span-2'}
      empty={days.some((row) => row[pick] !== 0n) ? undefined : isUsed ? NOTHING_USED : NOTHING_ABSORBED}
      table={{
        columns: ['Day (UTC)', isUsed ? 'Used' : 'Absorbed', 'Calls'],
        rows: days.toReversed().map((row) => ({
          key: row.day,
          cells: [row.day, <Exact key="amount" micro={row[pick]} />, row.calls],
        })),
      }}
    >
      <DayChart bars={dayBars(days)} pick={pick} name={isUsed ? 'Used' : 'Absorbed'} />
    </FigureCard>
  );
}

function Rows({ title, rows, columns }: { title: string; rows: NamedAmount[]; columns: [string, string] }) {
  const shown = largestRows(rows);
  const [first] = shown;
  const words = first === undefined ? 'Nothing yet.' : `Most for ${first.name}: ${formatCredits(first.used)} credits.`;
  return (
    <FigureCard
      title={title}
      words={words}
      empty={first === undefined ? NOTHING_USED : undefined}
      table={{
        columns: [columns[0], 'Used', columns[1]],
        rows: rows.map((row) => ({
          key: row.key,
          cells: [row.name, <Exact key="used" micro={row.used} />, <Exact key="absorbed" micro={row.absorbed} />],
        })),
      }}
    >
      <RowChart bars={shown.map(({ name, used }) => ({ name, used: drawnCredits(used) }))} />
    </FigureCard>
  );
}

function Models({ models }: { models: Report['models'] }) {
  const shown = largestRows(modelRows(models));
  const [first] = shown;
  return (
    <FigureCard
      title="By model"
      words={first === undefined ? 'Nothing yet.' : `Most for ${first.name}: ${formatCredits(first.used)} credits.`}
      empty={first === undefined ? 'No call to a model cost credits in these days.' : undefined}
      table={{
        columns: ['Model', 'Used', 'Calls'],
        rows: models.map((row) => ({
          key: `${row.modelRef}:${row.ownKey}`,
          cells: [row.ownKey ? `${row.label} (own key)` : row.label, <Exact key="used" micro={row.used} />, row.calls],
        })),
      }}
    >
      <RowChart bars={shown.map(({ name, used }) => ({ name, used: drawnCredits(used) }))} />
    </FigureCard>
  );
}

function Tasks({ tasks }: { tasks: Report['tasks'] }) {
  const above = tasks.filter(({ charged, quotedP90 }) => charged > quotedP90).length;
  const words =
    tasks.length === 0
      ? 'No task has finished in these days.'
      : `${plural(tasks.length, 'finished task')}: ${tasks.length - above} within the quote, ${above} above it.`;
  return (
    <FigureCard
      title="Quote against actual"
      words={words}
      empty={
        tasks.length === 0
          ? 'As soon as a task is approved, its quote and what was charged stand here side by side.'
          : undefined
      }
      legend={
        <p className="mt-1 flex gap-4 text-[0.75rem] text-muted-foreground">
          <span className="flex items-center gap-1.5">
            <span
              aria-hidden="true"
              className="size-2.5 bg-[repeating-linear-gradient(135deg,var(--muted-foreground)_0_1.5px,transparent_1.5px_4px)]"
            />
            quoted, at most
          </span>
          <span className="flex items-center gap-1.5">
            <span aria-hidden="true" className="size-2.5 bg-chalk" />
            charged
          </span>
        </p>
      }
      table={{
        columns: ['Task', 'Quote', 'At most', 'Charged', 'Absorbed'],
        rows: tasks.map((row) => ({
          key: `${row.projectId}:${row.key}`,
          cells: [
            `${taskName(row, tasks)} · ${row.title}`,
            <Exact key="p50" micro={row.quotedP50} />,
            <Exact key="p90" micro={row.quotedP90} />,
            <Exact key="charged" micro={row.charged} />,
            <Exact key="absorbed" micro={row.absorbed} />,
          ],
        })),
      }}
    >
      <TaskChart bars={taskBars(tasks)} />
    </FigureCard>
  );
}

/** What the credits went into over the last days: by day, project and model, quotes beside charges, and absorbed rework. */
export function UsageReport() {
  const trpc = useTRPC();
  const [days, setDays] = useState<number>(REPORT_OPENS_WITH_DAYS);
  const { data, error, refetch } = useQuery(
    trpc.credits.report.queryOptions({ days }, { placeholderData: (old) => old }),
  );
  const isEmpty =
    data !== undefined && data.total.used === 0n && data.total.absorbed === 0n && data.models.length === 0;
  return (
    <Section
      title="Spent on"
      titleId="report-title"
      aside={
        <div className="flex items-center gap-2">
          <Label htmlFor="report-days">Last</Label>
          <Select
            id="report-days"
            className="h-8 w-auto"
            value={days}
            onChange={(event) =>
              setDays(SPANS.find((span) => String(span) === event.target.value) ?? REPORT_OPENS_WITH_DAYS)
            }
          >
            {SPANS.map((span) => (
              <option key={span} value={span}>
                {span} days
              </option>
            ))}
          </Select>
        </div>
      }
    >
      {error !== null && data === undefined ? (
        <ErrorState title="The report could not be read" message={errorMessage(error)} onRetry={() => void refetch()} />
      ) : null}
      {data === undefined && error === null ? <Skeleton className="h-72" /> : null}
      {isEmpty ? (
        <EmptyState title="Nothing was spent in these days">
          Design or build a project, and the charts show what each credit paid for.
        </EmptyState>
      ) : null}
      {data === undefined || isEmpty ? null : (
        <div className="space-y-3">
          <Totals total={data.total} />
          <div className="grid gap-3 md:grid-cols-2">
            <Days days={data.days} pick="used" />
            <Tasks tasks={data.tasks} />
            <Rows title="By project" rows={projectRows(data.projects)} columns={['Project', 'Absorbed']} />
            <Models models={data.models} />
            <Days days={data.days} pick="absorbed" />
          </div>
        </div>
      )}
    </Section>
  );
}
