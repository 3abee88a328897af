import 'server-only';
import { Readable } from 'node:stream';
import { exportEntries } from '@/server/credits/export-entries';
import { historyFilterSchema } from '@/server/credits/schema';
import { callerFrom } from '../caller';
import { cookieReader } from './cookies';

/** `GET /api/credits/export?kind=&projectId=&model=&from=&to=`: the organization's ledger as CSV, streamed. */
export async function handleLedgerCsv(request: Request): Promise<Response> {
  const caller = await callerFrom(cookieReader(request));
  if (caller === null)
    return Response.json({ error: { code: 'unauthenticated', message: 'Sign in first.' } }, { status: 401 });
  const filter = historyFilterSchema.safeParse(Object.fromEntries(new URL(request.url).searchParams));
  if (!filter.success) {
    return Response.json(
      { error: { code: 'invalid_input', message: filter.error.issues.map((issue) => issue.message).join('; ') } },
      { status: 400 },
    );
  }
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
