import 'server-only';
import NextAuth from 'next-auth';
import { countSignInLink } from '@/server/auth/limit-sign-in-links';
import { authOptions } from '@/server/auth/options';
import { linkForLetter } from '@/server/auth/sign-in-link';
import { onboardUser } from '@/server/credits/ledger/onboard-user';
import { openDatabase } from '@/server/platform/db';
import { clientAddress } from './client-address';
import { provenSameOrigin } from './same-origin';
import { trustedHost } from './trusted-host';

interface RouteContext {
  params: Promise<{ nextauth: string[] }>;
}

/**
 * next-auth's routes. Opening a sign-in link signs nobody in, whatever stands behind its path: it leads to the page whose button
 * posts. A person's first sign-in makes their workspace and credits. Too many sign-in links asked for: 429 with Retry-After, and
 * next-auth's `AccessDenied` as the error of the page. Asked under a name that is not this instance's: 421.
 */
export async function handleAuth(request: Request, context: RouteContext): Promise<Response> {
  if (!trustedHost(request.headers))
    return new Response('This address is not known here. Set APP_URL to use it.', { status: 421 });
  const { nextauth } = await context.params;
  if (request.method === 'POST') {
    // What next-auth reads of a body are fields of a form; its JSON could hold anything in their place.
    if (!isForm(request)) return new Response('Send a form.', { status: 400 });
    // next-auth asks for its CSRF token everywhere but here.
    if (nextauth[0] === 'callback' && !provenSameOrigin(request)) return new Response('wrong origin', { status: 403 });
  } else if (nextauth[0] === 'callback' && nextauth[1] === 'email') {
    return new Response(null, { status: 303, headers: { location: pathOf(linkForLetter(request.url)) } });
  }
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
  const response = (await NextAuth(request as never, { params: { nextauth } } as never, options)) as Response;
  return waitSeconds === 0 ? response : tooManyRequests(response, waitSeconds);
}

function isForm(request: Request): boolean {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';');
  return type.trim().toLowerCase() === 'application/x-www-form-urlencoded';
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

/** A plain form is redirected to the sign-in page, which says the same. */
function tooManyRequests(response: Response, waitSeconds: number): Response {
  if (response.headers.has('location')) return response;
  const headers = new Headers(response.headers);
  headers.set('Retry-After', String(waitSeconds));
  return new Response(response.body, { status: 429, headers });
}
