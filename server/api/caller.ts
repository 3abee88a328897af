import 'server-only';
import { cookies } from 'next/headers';
import { cache } from 'react';
import { sessionUser } from '@/server/auth/session';
import { onboardUser } from '@/server/credits/ledger/onboard-user';
import { currentOrganization } from '@/server/organizations/current-organization';
import { openDatabase } from '@/server/platform/db';
import { servesHttps } from '@/server/platform/env';
import { appRouter } from './root';
import { type Caller, createCaller, newRequestId } from './trpc';

/** Cookie that remembers which organization a person works in. */
const ORGANIZATION_COOKIE = 'plumbline-org';
/** Seconds it is remembered (a year). */
const REMEMBERED_S = 365 * 86_400;

/** The signed-in person and their organization, from cookies; null when nobody is signed in. */
export async function callerFrom(cookie: (name: string) => string | undefined): Promise<Caller | null> {
  await openDatabase();
  const user = await sessionUser(cookie);
  if (user === null) return null;
  const wanted = cookie(ORGANIZATION_COOKIE);
  // A sign-in that was cut off before its event: the personal workspace is made now.
  const current = (await currentOrganization(user.userId, wanted)) ?? {
    organizationId: await onboardUser({ id: user.userId, email: user.email, name: user.name }),
    role: 'owner' as const,
  };
  const signedIn = async () => (await sessionUser(cookie)) !== null;
  return { userId: user.userId, email: user.email, ...current, signedIn };
}

/** The same person, were this the organization they had chosen last; a person who is not in it acts for their own one. */
export function callerIn(organizationId: string, cookie: (name: string) => string | undefined): Promise<Caller | null> {
  return callerFrom((name) => (name === ORGANIZATION_COOKIE ? organizationId : cookie(name)));
}

/** The cookie that makes an organization the one a person acts for; membership is looked up at every request. */
export function organizationCookie(organizationId: string): string {
  const secure = servesHttps() ? '; Secure' : '';
  return `${ORGANIZATION_COOKIE}=${encodeURIComponent(organizationId)}; Path=/; Max-Age=${REMEMBERED_S}; HttpOnly; SameSite=Lax${secure}`;
}

/** For actions: the person acts for this organization from now on. */
export async function rememberOrganization(organizationId: string): Promise<void> {
  (await cookies()).set(ORGANIZATION_COOKIE, organizationId, {
    path: '/',
    maxAge: REMEMBERED_S,
    httpOnly: true,
    sameSite: 'lax',
    secure: servesHttps(),
  });
}

/** For pages and actions: the caller of this request, looked up once a request. */
export const currentCaller = cache(async (): Promise<Caller | null> => {
  const jar = await cookies();
  return callerFrom((name) => jar.get(name)?.value);
});

/** The API called from the server, as the caller of this request. Actions name the organization that their page shows. */
export async function api(shownOrganization: string | null = null) {
  return createCaller(appRouter)({ requestId: newRequestId(), caller: await currentCaller(), shownOrganization });
}
