import 'server-only';
import { switchSchema } from '@/server/organizations/schema';
import { notFound } from '@/server/platform/errors';
import { callerIn, organizationCookie } from '../caller';
import { cookieReader } from './cookies';
import { refuse } from './refusal';
import { sameOrigin } from './same-origin';

/** `POST /api/organization { organizationId }`: from now on the person acts for that organization of theirs. */
export async function handleSwitchOrganization(request: Request): Promise<Response> {
  if (!sameOrigin(request)) return refuse('forbidden');
  const body: unknown = await request.json().catch(() => null);
  const parsed = switchSchema.safeParse(body);
  if (!parsed.success) return refuse('invalid_input');
  const { organizationId } = parsed.data;
  const caller = await callerIn(organizationId, cookieReader(request));
  if (caller === null) return refuse('unauthenticated');
  // A person who is not in it acts for their own one.
  if (caller.organizationId !== organizationId) return refuse('not_found', notFound('Organization').userMessage);
  return new Response(null, { status: 204, headers: { 'set-cookie': organizationCookie(organizationId) } });
}
