import 'server-only';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { meterUsage, type UsageMeter } from '@/server/credits/reports/request-usage';
import { exactCredits } from '@/server/credits/schema';
import { type AppError, isAppError } from '@/server/platform/errors';
import { callerFrom } from '../caller';
import { appRouter } from '../root';
import { newRequestId } from '../trpc';
import { cookieReader } from './cookies';
import { sameOrigin } from './same-origin';

/** Calls that one request may carry; the browser's client sends no more at once. */
const MAX_BATCH = 20;

export async function handleTrpc(request: Request): Promise<Response> {
  if (request.method === 'POST' && !sameOrigin(request)) return new Response('wrong origin', { status: 403 });
  const requestId = newRequestId();
  const meter: UsageMeter = { used: 0n, balanceLeft: null };
  const response = await meterUsage(meter, () =>
    fetchRequestHandler({
      endpoint: '/api/trpc',
      req: request,
      router: appRouter,
      maxBatchSize: MAX_BATCH,
      responseMeta: ({ errors, ctx }) => answerMeta(errors, ctx?.streamRefusal),
      createContext: async () => ({
        requestId,
        caller: await callerFrom(cookieReader(request)),
        shownOrganization: request.headers.get('x-organization'),
      }),
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

/** A stream that was refused says so by its status too: tRPC gives every stream a 200 and tells its reader the rest. */
function answerMeta(errors: readonly { cause?: unknown }[], streamRefusal: AppError | undefined) {
  return streamRefusal === undefined
    ? { headers: retryAfter(errors) }
    : { status: streamRefusal.status, headers: retryAfter([{ cause: streamRefusal }]) };
}

/** When a refused request may be sent again (RFC 9110, 10.2.3). */
function retryAfter(errors: readonly { cause?: unknown }[]): Record<string, string> {
  for (const { cause } of errors) {
    if (!isAppError(cause) || cause.code !== 'rate_limited') continue;
    const seconds = Number(cause.details.retryAfterSeconds);
    if (Number.isFinite(seconds)) return { 'retry-after': String(Math.ceil(seconds)) };
  }
  return {};
}
