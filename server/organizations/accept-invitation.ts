import 'server-only';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { hashToken } from './invitation-token';
import { lockOrganization, memberOf } from './lock-team';
import { stateOf } from './view-invitation';

const GONE = {
  accepted: 'This invitation has been used. It works once.',
  revoked: 'This invitation was withdrawn. Ask the team for a new one.',
  expired: 'This invitation has expired. Ask the team to send it again.',
} as const;

/**
 * Joins the team of an invitation. It works once, in time, and only for the address it was sent to. Opening it again as the
 * member one has become changes nothing.
 * @throws AppError `not_found`, `forbidden` (another address), `conflict` (`accepted`, `revoked`, `expired`)
 */
export async function acceptInvitation(
  person: { userId: string; email: string },
  token: string,
): Promise<{ organizationId: string }> {
  const tokenHash = hashToken(token);
  const link = await db().invitation.findUnique({ where: { tokenHash }, select: { organizationId: true } });
  if (link === null) throw noInvitation();
  const { organizationId } = link;
  return inTx(async (tx) => {
    await lockPerson(tx, person.userId);
    await lockOrganization(tx, organizationId);
    // Read under the lock: the letter may have been sent again, withdrawn or used in between.
    const row = await tx.invitation.findUnique({ where: { tokenHash } });
    if (row === null) throw noInvitation();
    if (row.email !== person.email.trim().toLowerCase()) {
      const userMessage = `This invitation is for ${row.email}. You are signed in as ${person.email}.`;
      throw new AppError('forbidden', 'an invitation for another address', {
        userMessage,
        details: { reason: 'other_address' },
      });
    }
    if ((await memberOf(tx, organizationId, person.userId)) !== null) return { organizationId };
    const state = stateOf(row);
    if (state !== 'open')
      throw new AppError('conflict', `invitation ${state}`, { userMessage: GONE[state], details: { reason: state } });
    await tx.invitation.update({ where: { id: row.id }, data: { acceptedAt: now() } });
    await tx.membership.create({
      data: { id: newId(), organizationId, userId: person.userId, role: row.role, createdAt: now() },
    });
    return { organizationId };
  });
}

/** Before the organization, as deleting an account does it: neither waits for the other. @throws AppError `not_found` */
async function lockPerson(tx: Tx, userId: string): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM "User" WHERE "id" = ${userId} AND "deletedAt" IS NULL FOR KEY SHARE`;
  if (rows.length === 0) throw notFound('User');
}

function noInvitation(): AppError {
  return new AppError('not_found', 'no such invitation', {
    userMessage: 'There is no such invitation. The link may be incomplete, or a newer letter has replaced it.',
  });
}
