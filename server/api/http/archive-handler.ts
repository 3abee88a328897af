import 'server-only';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { isStorable } from '@/server/platform/plain-text';
import { buildArchive } from '@/server/projects/build-archive';
import { callerFrom } from '../caller';
import { cookieReader } from './cookies';
import { refuse, refuseError } from './refusal';

const id = z.string().min(1).max(64).refine(isStorable, 'not an id');
const querySchema = z.object({ projectId: id, snapshot: id.nullable(), flat: z.enum(['0', '1']).nullable() });

/** `GET` and `HEAD /api/projects/:id/archive?snapshot=&flat=1`: the project as a ZIP, streamed; `flat` without a folder at the top. */
export async function handleArchive(request: Request, projectId: string): Promise<Response> {
  try {
    const caller = await callerFrom(cookieReader(request));
    if (caller === null) return refuse('unauthenticated');
    const { searchParams } = new URL(request.url);
    const query = querySchema.safeParse({
      projectId,
      snapshot: searchParams.get('snapshot'),
      flat: searchParams.get('flat'),
    });
    if (!query.success) return refuse('invalid_input');
    const archive = await buildArchive({
      organizationId: caller.organizationId,
      projectId,
      snapshotId: query.data.snapshot,
      flat: query.data.flat === '1',
    });
    const headers = {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${archive.filename}"`,
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    };
    if (request.method === 'HEAD') return new Response(null, { headers });
    const stream = await archive.open();
    request.signal.addEventListener('abort', () => stream.destroy());
    return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { headers });
  } catch (error) {
    return refuseError(error, 'archive failed', { projectId });
  }
}
