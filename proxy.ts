import { randomBytes } from 'node:crypto';
import { type NextRequest, NextResponse } from 'next/server';
import { ASKED_PATH } from '@/app/(workspace)/asked-path';
import { NONCE, pagePolicy } from '@/server/api/http/page-policy';

/**
 * Gives each page its own nonce: scripts without it do not run (Next.js reads it from the policy and writes it into its own).
 * Tells the workspace's layout where a person wanted to go, so that signing in leads there.
 */
export function proxy(request: NextRequest) {
  const nonce = randomBytes(16).toString('base64');
  const policy = pagePolicy(nonce);
  const headers = new Headers(request.headers);
  headers.set(ASKED_PATH, `${request.nextUrl.pathname}${request.nextUrl.search}`);
  headers.set(NONCE, nonce);
  headers.set('content-security-policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  return response;
}

/** Every page, and nothing else. Next.js reads this before it builds: only literals. */
export const config = { matcher: ['/((?!api/|_next/|icon\\.svg$).*)'] };
