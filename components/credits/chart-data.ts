/** What the charts draw. Pure. The exact amounts stand in the table behind each chart. */
import type { Outputs } from '@/components/trpc/types';
import { exactCredits, formatCredits } from '@/server/credits/schema';

type Report = Outputs['credits']['report'];

/** Rows of a bar chart; more would be too thin to read. */
const MOST_BARS = 6;

/** Credits as a number, for the length of a bar only: sums and words are made from the bigint. */
export function drawnCredits(micro: bigint): number {
  return Number(exactCredits(micro));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21 Nov` of `2026-11-21`. */
export function shortDay(day: string): string {
  const [, month = '', date = ''] = day.split('-');
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? ''}`;
}

export interface DayBar {
  day: string;
  used: number;
  absorbed: number;
}

export function dayBars(days: Report['days']): DayBar[] {
  return days.map(({ day, used, absorbed }) => ({
    day: shortDay(day),
    used: drawnCredits(used),
    absorbed: drawnCredits(absorbed),
  }));
}

export interface NamedAmount {
  key: string;
  name: string;
  used: bigint;
  absorbed: bigint;
}

/** The largest rows, what is left of the others in one, nothing that is nothing. */
export function largestRows(rows: readonly NamedAmount[], most = MOST_BARS): NamedAmount[] {
  const some = rows.filter(({ used, absorbed }) => used > 0n || absorbed > 0n);
  const sorted = some.toSorted((a, b) => (a.used === b.used ? 0 : a.used < b.used ? 1 : -1));
  if (sorted.length <= most) return sorted;
  const rest = sorted.slice(most - 1);
  const other = {
    key: 'other',
    name: `${rest.length} others`,
    used: rest.reduce((sum, { used }) => sum + used, 0n),
    absorbed: rest.reduce((sum, { absorbed }) => sum + absorbed, 0n),
  };
  return [...sorted.slice(0, most - 1), other];
}

export function projectRows(projects: Report['projects']): NamedAmount[] {
  return projects.map(({ projectId, title, used, absorbed }) => ({
    key: projectId ?? 'none',
    name: title,
    used,
    absorbed,
  }));
}

export function modelRows(models: Report['models']): NamedAmount[] {
  return models.map(({ modelRef, label, used, ownKey }) => ({
    key: `${modelRef}:${ownKey}`,
    name: ownKey ? `${label} (own key)` : label,
    used,
    absorbed: 0n,
  }));
}

export interface TaskBar {
  name: string;
  quoted: number;
  charged: number;
}

/** `T1 · Tide tables`; the key alone where all tasks are of one project. */
export function taskName({ key, project }: Report['tasks'][number], all: Report['tasks']): string {
  const isOne = new Set(all.map(({ projectId }) => projectId)).size <= 1;
  return isOne ? key : `${key} · ${project === '' ? 'Project' : project}`;
}

/** Finished tasks, oldest first as time runs, at most `most` of the newest. */
export function taskBars(tasks: Report['tasks'], most = 10): TaskBar[] {
  const shown = tasks.slice(0, most);
  return shown.toReversed().map((task) => ({
    name: taskName(task, tasks),
    quoted: drawnCredits(task.quotedP90),
    charged: drawnCredits(task.charged),
  }));
}

/** The day chart in one sentence, for people who do not see it. */
export function daysInWords(days: Report['days'], pick: 'used' | 'absorbed'): string {
  const total = days.reduce((sum, row) => sum + row[pick], 0n);
  if (total === 0n) return `Nothing in ${days.length} days.`;
  const busiest = days.reduce((most, row) => (row[pick] > most[pick] ? row : most));
  const active = days.filter((row) => row[pick] > 0n).length;
  return `${formatCredits(total)} credits on ${active} of ${days.length} days, most on ${shortDay(busiest.day)}: ${formatCredits(busiest[pick])}.`;
}

/** What was charged of the upper quotes, whole percent; null when nothing was quoted. */
export function chargedPercent({ quotedP90, charged }: Report['total']): number | null {
  return quotedP90 <= 0n ? null : Number((charged * 100n) / quotedP90);
}
