import 'server-only';
import { Readable } from 'node:stream';
import { now } from '@/server/platform/clock';
import { logger } from '@/server/platform/logger';
import { exportAccount } from '@/server/projects/export-account';
import { callerFrom } from '../caller';
import { cookieReader } from './cookies';
import { refuse, refuseError } from './refusal';

/** People whose export is streaming from this process: one each, because each reads everything they have. */
const streaming = new Set<string>();

/** `GET /api/account/export`: the person's data as a ZIP, streamed. */
export async function handleAccountExport(request: Request): Promise<Response> {
  const caller = await callerFrom(cookieReader(request));
  if (caller === null) return refuse('unauthenticated');
  const { userId } = caller;
  if (streaming.has(userId))
    return refuse('rate_limited', 'A download of your data is running already. Wait for its end.');
  streaming.add(userId);
  try {
    const stream = await exportAccount(userId);
    stream.once('close', () => streaming.delete(userId));
    stream.on('error', (error) => logger().error({ err: error, userId }, 'account export broke off'));
    request.signal.addEventListener('abort', () => stream.destroy());
    return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, {
      headers: {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="plumbline-data-${now().toISOString().slice(0, 10)}.zip"`,
        'cache-control': 'private, no-store',
        'x-content-type-options': 'nosniff',
      },
    });
  } catch (error) {
    streaming.delete(userId);
    return refuseError(error, 'account export failed', { userId });
  }
}
