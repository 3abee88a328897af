import 'server-only';
import { cookies } from 'next/headers';
import { sessionUser } from '@/server/auth/session';
import { onboardUser } from '@/server/credits/onboard-user';
import { currentOrganization } from '@/server/organizations/current-organization';
import { openDatabase } from '@/server/platform/db';
import { appRouter } from './root';
import { type Caller, createCaller, newRequestId } from './trpc';

/** Cookie that remembers which organization a person works in. */
const ORGANIZATION_COOKIE = 'plumbline-org';

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
  return { userId: user.userId, email: user.email, ...current };
}

/** For pages and actions: the caller of this request. */
export async function currentCaller(): Promise<Caller | null> {
  const jar = await cookies();
  return callerFrom((name) => jar.get(name)?.value);
}

/** The API called from the server, as the caller of this request. */
export async function api() {
  return createCaller(appRouter)({ requestId: newRequestId(), caller: await currentCaller() });
}
