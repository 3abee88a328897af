import 'server-only';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { exactCredits } from '@/server/credits/schema';
import { meterUsage, type UsageMeter } from '@/server/credits/usage-meter';
import { callerFrom } from '../caller';
import { appRouter } from '../root';
import { newRequestId } from '../trpc';
import { cookieReader } from './cookies';

export async function handleTrpc(request: Request): Promise<Response> {
  if (request.method === 'POST' && !sameOrigin(request)) return new Response('wrong origin', { status: 403 });
  const requestId = newRequestId();
  const meter: UsageMeter = { used: 0n, balanceLeft: null };
  const response = await meterUsage(meter, () =>
    fetchRequestHandler({
      endpoint: '/api/trpc',
      req: request,
      router: appRouter,
      createContext: async () => ({ requestId, caller: await callerFrom(cookieReader(request)) }),
    }),
  );
  response.headers.set('x-request-id', requestId);
  // Answers that are streamed say the same in their last event (`text-end`), because headers leave before the model has ended.
  if (meter.balanceLeft !== null) {
    response.headers.set('x-credits-used', exactCredits(meter.used));
    response.headers.set('x-balance-remaining', exactCredits(meter.balanceLeft));
  }
  return response;
}

/** A browser says where a request comes from: other sites may not act with this site's cookies. */
function sameOrigin(request: Request): boolean {
  const origin = request.headers.get('origin');
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === request.headers.get('host');
}
