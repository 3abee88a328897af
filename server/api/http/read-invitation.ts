import 'server-only';
import { invitationTokenSchema } from '@/server/organizations/schema';
import { type InvitationView, viewInvitation } from '@/server/organizations/view-invitation';
import { openDatabase } from '@/server/platform/db';

/** For the invitation page, which anyone with the link may open; null when there is no such invitation. */
export async function readInvitation(token: string): Promise<InvitationView | null> {
  const parsed = invitationTokenSchema.safeParse({ token });
  if (!parsed.success) return null;
  await openDatabase();
  return viewInvitation(parsed.data.token);
}
