import 'server-only';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { callerFrom } from '../caller';
import { appRouter } from '../root';
import { newRequestId } from '../trpc';
import { cookieReader } from './cookies';

export async function handleTrpc(request: Request): Promise<Response> {
  if (request.method === 'POST' && !sameOrigin(request)) return new Response('wrong origin', { status: 403 });
  const requestId = newRequestId();
  const response = await fetchRequestHandler({
    endpoint: '/api/trpc',
    req: request,
    router: appRouter,
    createContext: async () => ({ requestId, caller: await callerFrom(cookieReader(request)) }),
  });
  response.headers.set('x-request-id', requestId);
  return response;
}

/** A browser says where a request comes from: other sites may not act with this site's cookies. */
function sameOrigin(request: Request): boolean {
  const origin = request.headers.get('origin');
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === request.headers.get('host');
}
