import { type NextRequest, NextResponse } from 'next/server';
import { ASKED_PATH } from '@/app/(workspace)/asked-path';

/** Tells the workspace's layout where a person wanted to go, so that signing in leads there. */
export function proxy(request: NextRequest) {
  const headers = new Headers(request.headers);
  headers.set(ASKED_PATH, `${request.nextUrl.pathname}${request.nextUrl.search}`);
  return NextResponse.next({ request: { headers } });
}

/** The folders of `app/(workspace)`. Next.js reads this before it builds: only literals. */
export const config = {
  matcher: ['/checkout/:path*', '/credits/:path*', '/operator/:path*', '/projects/:path*', '/settings/:path*'],
};
