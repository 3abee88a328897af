import 'server-only';
import { switchSchema } from '@/server/organizations/schema';
import { callerIn, organizationCookie } from '../caller';
import { cookieReader } from './cookies';
import { sameOrigin } from './same-origin';

const refuse = (status: number, code: string, message: string) =>
  Response.json({ error: { code, message } }, { status });

/** `POST /api/organization { organizationId }`: from now on the person acts for that organization of theirs. */
export async function handleSwitchOrganization(request: Request): Promise<Response> {
  if (!sameOrigin(request)) return refuse(403, 'forbidden', 'wrong origin');
  const body: unknown = await request.json().catch(() => null);
  const parsed = switchSchema.safeParse(body);
  if (!parsed.success) return refuse(400, 'invalid_input', 'organizationId is not an id');
  const { organizationId } = parsed.data;
  const caller = await callerIn(organizationId, cookieReader(request));
  if (caller === null) return refuse(401, 'unauthenticated', 'Sign in first.');
  // Whoever is not in it acts for their own one.
  if (caller.organizationId !== organizationId) return refuse(404, 'not_found', 'Organization not found');
  return new Response(null, { status: 204, headers: { 'set-cookie': organizationCookie(organizationId) } });
}
