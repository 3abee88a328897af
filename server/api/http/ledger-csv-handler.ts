import 'server-only';
import { Readable } from 'node:stream';
import { exportEntries } from '@/server/credits/reports/export-entries';
import { historyFilterSchema } from '@/server/credits/schema';
import { notFound } from '@/server/platform/errors';
import { callerFrom, callerIn } from '../caller';
import { cookieReader } from './cookies';
import { refuse } from './refusal';

/**
 * `GET /api/credits/export?organization=&kind=&projectId=&model=&from=&to=`: an organization's ledger as CSV, streamed.
 * Links of a page name the organization it shows; without one it is the chosen one's.
 */
export async function handleLedgerCsv(request: Request): Promise<Response> {
  const { organization, ...params } = Object.fromEntries(new URL(request.url).searchParams);
  const read = cookieReader(request);
  const caller = await (organization === undefined ? callerFrom(read) : callerIn(organization, read));
  if (caller === null) return refuse('unauthenticated');
  if (organization !== undefined && caller.organizationId !== organization)
    return refuse('not_found', notFound('Organization').userMessage);
  const filter = historyFilterSchema.safeParse(params);
  if (!filter.success) return refuse('invalid_input', filter.error.issues.map((issue) => issue.message).join('; '));
  const stream = Readable.from(exportEntries(caller.organizationId, filter.data));
  request.signal.addEventListener('abort', () => stream.destroy());
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, {
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="plumbline-credits.csv"',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    },
  });
}
