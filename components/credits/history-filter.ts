/** The history's filters as they stand in the address, so that a link, a reload and the CSV show the same lines. */
import type { z } from 'zod';
import { type HistoryFilter, historyFilterSchema } from '@/server/credits/schema';

/** Days of the usage report that the credits page opens with. */
export const REPORT_OPENS_WITH_DAYS = 30;

/** Lines of the ledger read at once. */
export const HISTORY_PAGE = 50;

const FILTER_NAMES = ['kind', 'projectId', 'model', 'from', 'to'] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

function valid<T>(schema: z.ZodType<T>, text: string | null): T | undefined {
  return text === null || text === '' ? undefined : schema.safeParse(text).data;
}

/** What an address asks for; a part that is not valid is left out. */
export function readHistoryFilter(params: { get(name: string): string | null }): HistoryFilter {
  const { shape } = historyFilterSchema;
  const filter: HistoryFilter = {
    kind: valid(shape.kind, params.get('kind')),
    projectId: valid(shape.projectId, params.get('projectId')),
    model: valid(shape.model, params.get('model')),
    from: valid(shape.from, params.get('from')),
    to: valid(shape.to, params.get('to')),
  };
  return filter;
}

/** The same filter as a query string without `?`, in a fixed order; empty without a filter. */
export function writeHistoryFilter(filter: HistoryFilter): string {
  const params = new URLSearchParams();
  for (const name of FILTER_NAMES) {
    const value = filter[name];
    if (value !== undefined && value !== '') params.set(name, value);
  }
  return params.toString();
}

export function isFiltered(filter: HistoryFilter): boolean {
  return writeHistoryFilter(filter) !== '';
}

/** Where the CSV of exactly these lines is, whatever organization is chosen later. */
export function exportHref(filter: HistoryFilter, organizationId: string): string {
  const query = writeHistoryFilter(filter);
  return `/api/credits/export?organization=${encodeURIComponent(organizationId)}${query === '' ? '' : `&${query}`}`;
}
