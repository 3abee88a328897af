import 'server-only';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { isStorable } from '@/server/platform/plain-text';
import { buildArchive } from '@/server/projects/build-archive';
import { callerFrom } from '../caller';
import { cookieReader } from './cookies';

const id = z.string().min(1).max(64).refine(isStorable, 'not an id');
const querySchema = z.object({ projectId: id, snapshot: id.nullable() });

/** `GET` and `HEAD /api/projects/:id/archive?snapshot=`: the project as a ZIP, streamed. */
export async function handleArchive(request: Request, projectId: string): Promise<Response> {
  try {
    const caller = await callerFrom(cookieReader(request));
    if (caller === null)
      return Response.json({ error: { code: 'unauthenticated', message: 'Sign in first.' } }, { status: 401 });
    const query = querySchema.safeParse({
      projectId,
      snapshot: new URL(request.url).searchParams.get('snapshot'),
    });
    if (!query.success)
      return Response.json(
        { error: { code: 'invalid_input', message: 'the project or the snapshot is not an id' } },
        { status: 400 },
      );
    const archive = await buildArchive({
      organizationId: caller.organizationId,
      projectId,
      snapshotId: query.data.snapshot,
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
    if (isAppError(error))
      return Response.json({ error: { code: error.code, message: error.userMessage } }, { status: error.status });
    logger().error({ err: error, projectId }, 'archive failed');
    return Response.json(
      { error: { code: 'internal', message: 'Something went wrong on our side.' } },
      { status: 500 },
    );
  }
}
