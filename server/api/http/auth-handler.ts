import 'server-only';
import NextAuth from 'next-auth';
import { countSignInLink } from '@/server/auth/limit-sign-in-links';
import { authOptions } from '@/server/auth/options';
import { onboardUser } from '@/server/credits/ledger/onboard-user';
import { openDatabase } from '@/server/platform/db';
import { clientAddress } from './client-address';
import { trustedHost } from './trusted-host';

interface RouteContext {
  params: Promise<{ nextauth: string[] }>;
}

/**
 * next-auth's routes; a person's first sign-in makes their workspace and credits. Too many sign-in links asked for: 429
 * with Retry-After, and next-auth's `AccessDenied` as the error of the page. Asked under a name that is not this instance's: 421.
 */
export async function handleAuth(request: Request, context: RouteContext): Promise<Response> {
  if (!trustedHost(request.headers))
    return new Response('This address is not known here. Set APP_URL to use it.', { status: 421 });
  await openDatabase();
  let waitSeconds = 0;
  const options = authOptions({
    onSignIn: async (user) => {
      await onboardUser(user);
    },
    maySendLink: async (email) => {
      waitSeconds = await countSignInLink(email, clientAddress(request.headers));
      return waitSeconds === 0;
    },
  });
  const response = (await NextAuth(request as never, { params: await context.params } as never, options)) as Response;
  return waitSeconds === 0 ? response : tooManyRequests(response, waitSeconds);
}

/** A plain form is redirected to the sign-in page, which says the same. */
function tooManyRequests(response: Response, waitSeconds: number): Response {
  if (response.headers.has('location')) return response;
  const headers = new Headers(response.headers);
  headers.set('Retry-After', String(waitSeconds));
  return new Response(response.body, { status: 429, headers });
}
