import 'server-only';
import NextAuth from 'next-auth';
import { authOptions } from '@/server/auth/options';
import { onboardUser } from '@/server/credits/onboard-user';
import { openDatabase } from '@/server/platform/db';

interface RouteContext {
  params: Promise<{ nextauth: string[] }>;
}

/** next-auth's routes; a person's first sign-in makes their workspace and credits. */
export async function handleAuth(request: Request, context: RouteContext): Promise<Response> {
  await openDatabase();
  const options = authOptions(async (user) => {
    await onboardUser(user);
  });
  return (await NextAuth(request as never, { params: await context.params } as never, options)) as Response;
}
