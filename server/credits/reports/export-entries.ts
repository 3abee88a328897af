import 'server-only';
import type { CreditEntry, ModelCall } from '@/prisma/generated/client';
import type { HistoryFilter } from '@/server/credits/schema';
import { db } from '@/server/platform/db';
import { findEntries } from './find-entries';

/** Rows read at once. */
const PAGE = 500;
export const CSV_COLUMNS = [
  'seq',
  'time_utc',
  'kind',
  'credits',
  'monthly',
  'bonus',
  'balance_after',
  'held',
  'actual',
  'absorbed',
  'project_id',
  'project',
  'task',
  'role',
  'model',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'cost_usd',
  'price_from',
  'note',
  'entry_id',
  'model_call_id',
] as const;

/**
 * The ledger, or what one member did in it, as CSV (RFC 4180): oldest first, all six decimals, a page at a time, never whole in
 * memory.
 */
export async function* exportEntries(
  organizationId: string,
  filter: HistoryFilter,
  userId?: string,
): AsyncGenerator<string> {
  yield `${CSV_COLUMNS.join(',')}\r\n`;
  let after = 0n;
  for (;;) {
    const rows = await findEntries(db(), { organizationId, userId, filter, page: { after, take: PAGE } });
    if (rows.length === 0) return;
    after = rows.at(-1)?.seq ?? after;
    yield await formatPage(organizationId, rows);
  }
}

async function formatPage(organizationId: string, rows: readonly CreditEntry[]): Promise<string> {
  const ids = (pick: (row: CreditEntry) => string | null) => [...new Set(rows.map(pick).filter((id) => id !== null))];
  const [projects, tasks, calls] = await Promise.all([
    db().project.findMany({
      where: { organizationId, id: { in: ids((row) => row.projectId) } },
      select: { id: true, title: true },
    }),
    db().task.findMany({
      where: { organizationId, id: { in: ids((row) => row.taskId) } },
      select: { id: true, key: true },
    }),
    db().modelCall.findMany({
      where: { organizationId, id: { in: ids((row) => row.modelCallId) } },
      include: { price: { select: { effectiveFrom: true } } },
    }),
  ]);
  const line = (row: CreditEntry) => {
    const call = calls.find(({ id }) => id === row.modelCallId);
    const title = projects.find(({ id }) => id === row.projectId)?.title;
    const key = tasks.find(({ id }) => id === row.taskId)?.key;
    return [...entryColumns(row, title, key), ...callColumns(call), row.note ?? '', row.id, row.modelCallId ?? ''];
  };
  return rows.map((row) => `${line(row).map(csvField).join(',')}\r\n`).join('');
}

function entryColumns(row: CreditEntry, project: string | undefined, task: string | undefined): string[] {
  return [
    row.seq.toString(),
    row.createdAt.toISOString(),
    row.kind,
    sixDecimals(row.amount),
    sixDecimals(row.monthlyDelta),
    sixDecimals(row.bonusDelta),
    sixDecimals(row.balanceAfter),
    row.estimated === null ? '' : sixDecimals(row.estimated),
    row.actual === null ? '' : sixDecimals(row.actual),
    sixDecimals(row.absorbed),
    row.projectId ?? '',
    project ?? '',
    task ?? '',
  ];
}

function callColumns(call: (ModelCall & { price: { effectiveFrom: Date } | null }) | undefined): string[] {
  if (call === undefined) return ['', '', '', '', '', '', ''];
  return [
    call.role,
    call.modelRowId,
    call.inputTokens.toString(),
    call.cachedTokens.toString(),
    call.outputTokens.toString(),
    decimal(call.costNano, 9),
    call.price?.effectiveFrom.toISOString() ?? '',
  ];
}

/** Micro-credits as credits with six decimals. */
export function sixDecimals(micro: bigint): string {
  return decimal(micro, 6);
}

function decimal(value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/**
 * Quoted where RFC 4180 asks for it. A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP,
 * "CSV injection"); numbers are left alone.
 */
export function csvField(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) || (text.startsWith('-') && !/^-\d+(\.\d+)?$/.test(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
