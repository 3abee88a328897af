import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTeam } from '@/server/credits/ledger/create-team';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { openPostbox } from '@/test/test-smtp';
import { acceptInvitation } from './accept-invitation';
import { inviteMember } from './invite-member';
import { listInvitations } from './list-invitations';
import { resendInvitation } from './resend-invitation';
import { revokeInvitation } from './revoke-invitation';
import { INVITATION_DAYS, LETTERS_PER_DAY, TEAM_SIZE } from './schema';
import { viewInvitation } from './view-invitation';

let database: Database;
let owner: { organizationId: string; userId: string };
let ada: { userId: string; email: string };
const DAY = 86_400_000;
const reason = (why: string) => ({ code: 'conflict', details: { reason: why } });
const NO_LINK = 'x'.repeat(43);

async function person(): Promise<{ userId: string; email: string }> {
  const { userId } = await seedOrganization(database);
  return { userId, email: (await database.prisma.user.findUniqueOrThrow({ where: { id: userId } })).email };
}

/** The secret of the newest letter to an address. */
async function link(to: string): Promise<string> {
  const letter = await database.prisma.localMail.findFirstOrThrow({ where: { to }, orderBy: { id: 'desc' } });
  return /\/invite\/([\w-]{43})\s/.exec(letter.text)?.[1] ?? '';
}

const membership = (userId: string) =>
  database.prisma.membership.findMany({ where: { organizationId: owner.organizationId, userId } });

beforeAll(async () => {
  process.env.LOG_LEVEL = 'silent';
  resetEnv();
  database = await testDb();
});
afterAll(closeTestDb);
beforeEach(async () => {
  const { userId } = await person();
  owner = { userId, ...(await createTeam({ userId, name: 'Plumbers & <Co>'.replaceAll(/[<>]/g, '') })) };
  ada = await person();
});
afterEach(() => {
  setClockOffset(0);
  for (const name of ['SMTP_URL', 'HOST', 'LOCAL_SIGN_IN']) delete process.env[name];
  resetEnv();
});

describe('an invitation', () => {
  it('lets its address in, with its role, and is then no longer listed', async () => {
    await inviteMember(owner, { email: ada.email, role: 'admin' });
    const token = await link(ada.email);
    expect(await viewInvitation(token)).toMatchObject({
      team: 'Plumbers & Co',
      email: ada.email,
      role: 'admin',
      state: 'open',
    });
    expect(await acceptInvitation({ ...ada, email: ada.email.toUpperCase() }, token)).toEqual({
      organizationId: owner.organizationId,
    });
    expect(await membership(ada.userId)).toMatchObject([{ role: 'admin', monthlyBudgetMicro: null }]);
    expect(await listInvitations(owner.organizationId)).toEqual([]);
  });

  it('keeps no secret in the database', async () => {
    await inviteMember(owner, { email: ada.email, role: 'member' });
    const token = await link(ada.email);
    const [row] = await database.prisma.invitation.findMany({ where: { organizationId: owner.organizationId } });
    expect(JSON.stringify(row)).not.toContain(token);
    expect(row?.tokenHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is for its address only, and says so to another', async () => {
    const eve = await person();
    await inviteMember(owner, { email: ada.email, role: 'member' });
    const token = await link(ada.email);
    await expect(acceptInvitation(eve, token)).rejects.toMatchObject({
      code: 'forbidden',
      userMessage: `This invitation is for ${ada.email}. You are signed in as ${eve.email}.`,
    });
    expect(await membership(eve.userId)).toEqual([]);
    await acceptInvitation(ada, token);
  });

  it('works once: for eight at the same moment too', async () => {
    await inviteMember(owner, { email: ada.email, role: 'member' });
    const token = await link(ada.email);
    const answers = await Promise.all(Array.from({ length: 8 }, () => acceptInvitation(ada, token)));
    expect(new Set(answers.map(({ organizationId }) => organizationId))).toEqual(new Set([owner.organizationId]));
    expect(await membership(ada.userId)).toHaveLength(1);
    await database.prisma.membership.deleteMany({
      where: { userId: ada.userId, organizationId: owner.organizationId },
    });
    // Once removed, the used link does not let them in again.
    await expect(acceptInvitation(ada, token)).rejects.toMatchObject(reason('accepted'));
  });

  it(`ends after ${INVITATION_DAYS} days, and lives again when it is sent again, by its new link only`, async () => {
    const { invitationId } = await inviteMember(owner, { email: ada.email, role: 'member' });
    const old = await link(ada.email);
    setClockOffset(INVITATION_DAYS * DAY + 1000);
    await expect(acceptInvitation(ada, old)).rejects.toMatchObject(reason('expired'));
    expect(await listInvitations(owner.organizationId)).toMatchObject([{ id: invitationId, expired: true }]);
    await resendInvitation(owner, invitationId);
    expect(await listInvitations(owner.organizationId)).toMatchObject([{ id: invitationId, expired: false }]);
    const fresh = await link(ada.email);
    expect(fresh).not.toBe(old);
    await expect(acceptInvitation(ada, old)).rejects.toMatchObject({ code: 'not_found' });
    expect(await viewInvitation(old)).toBeNull();
    await acceptInvitation(ada, fresh);
  });

  it('is dead once it was withdrawn, in any order', async () => {
    const { invitationId } = await inviteMember(owner, { email: ada.email, role: 'member' });
    const token = await link(ada.email);
    const [revoked, accepted] = await Promise.allSettled([
      revokeInvitation(owner, invitationId),
      acceptInvitation(ada, token),
    ]);
    expect([revoked, accepted].filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await membership(ada.userId)).toHaveLength(accepted.status === 'fulfilled' ? 1 : 0);
    await expect(revokeInvitation(owner, invitationId)).rejects.toMatchObject({ code: 'not_found' });
    await expect(resendInvitation(owner, invitationId)).rejects.toMatchObject({ code: 'not_found' });
    await expect(acceptInvitation(await person(), NO_LINK)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('who may be invited, and by whom', () => {
  it('one open invitation an address, and nobody who is in the team', async () => {
    const email = 'grace@example.test';
    const asked = await Promise.allSettled(
      Array.from({ length: 6 }, () => inviteMember(owner, { email, role: 'member' })),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(inviteMember(owner, { email, role: 'member' })).rejects.toMatchObject(reason('already_invited'));
    const { email: own } = await database.prisma.user.findUniqueOrThrow({ where: { id: owner.userId } });
    await expect(inviteMember(owner, { email: own, role: 'member' })).rejects.toMatchObject(reason('already_member'));
    setClockOffset(INVITATION_DAYS * DAY + 1000);
    await inviteMember(owner, { email, role: 'member' });
    expect(await database.prisma.invitation.count({ where: { organizationId: owner.organizationId } })).toBe(1);
  });

  it('admins invite members and admins, members nobody, and nobody into a personal workspace', async () => {
    const { organizationId } = owner;
    const { prisma } = database;
    const admin = { organizationId, userId: (await person()).userId };
    await prisma.membership.create({ data: { id: newId(), ...admin, role: 'admin' } });
    const member = { organizationId, userId: (await person()).userId };
    await prisma.membership.create({ data: { id: newId(), ...member, role: 'member' } });
    await expect(inviteMember(admin, { email: ada.email, role: 'owner' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(inviteMember(member, { email: ada.email, role: 'member' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    const { invitationId } = await inviteMember(owner, { email: ada.email, role: 'owner' });
    await expect(revokeInvitation(admin, invitationId)).rejects.toMatchObject({ code: 'forbidden' });
    const own = await prisma.organization.findUniqueOrThrow({ where: { personalOfId: owner.userId } });
    await expect(
      inviteMember({ ...owner, organizationId: own.id }, { email: ada.email, role: 'member' }),
    ).rejects.toMatchObject(reason('not_a_team'));
  });

  it(`sends at most ${LETTERS_PER_DAY} letters a day, exactly, and ${LETTERS_PER_DAY} more the next`, async () => {
    const invite = (index: number) => inviteMember(owner, { email: `guest${index}@example.test`, role: 'member' });
    const sent = await Promise.allSettled(Array.from({ length: LETTERS_PER_DAY + 6 }, (_, index) => invite(index)));
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(LETTERS_PER_DAY);
    const [open] = await listInvitations(owner.organizationId);
    await expect(resendInvitation(owner, open?.id ?? '')).rejects.toMatchObject({
      code: 'rate_limited',
      details: { limit: LETTERS_PER_DAY },
    });
    setClockOffset(DAY);
    await resendInvitation(owner, open?.id ?? '');
  }, 60_000);

  it(`never more than ${TEAM_SIZE} people, those invited included`, async () => {
    await database.prisma.invitation.createMany({
      data: Array.from({ length: TEAM_SIZE - 2 }, (_, index) => ({
        id: newId(),
        organizationId: owner.organizationId,
        email: `crowd${index}@example.test`,
        tokenHash: newId(),
        expiresAt: new Date(Date.now() + DAY),
      })),
    });
    await inviteMember(owner, { email: 'last@example.test', role: 'member' });
    await expect(inviteMember(owner, { email: 'over@example.test', role: 'member' })).rejects.toMatchObject(
      reason('team_full'),
    );
  });
});

describe('the letter', () => {
  it('goes through a real SMTP server, names team, inviter and terms, and its link works', async () => {
    const postbox = await openPostbox();
    process.env.SMTP_URL = postbox.url;
    resetEnv();
    await database.prisma.user.update({ where: { id: owner.userId }, data: { name: 'Grace & Sons' } });
    await inviteMember(owner, { email: ada.email, role: 'member' });
    const letters = await postbox.close();
    expect(letters).toHaveLength(1);
    const [letter] = letters;
    expect(letter?.to?.[0]?.address).toBe(ada.email);
    expect(letter?.subject).toBe('Join Plumbers & Co on Plumbline');
    expect(letter?.text).toContain('Grace & Sons invites you to the team “Plumbers & Co” on Plumbline as member.');
    expect(letter?.html).toContain('Grace &amp; Sons');
    const token = /\/invite\/([\w-]{43})"/.exec(letter?.html ?? '')?.[1] ?? '';
    expect(letter?.text).toContain(token);
    await acceptInvitation(ada, token);
    // Nobody listens there any more: no letter, no invitation.
    await expect(inviteMember(owner, { email: 'later@example.test', role: 'member' })).rejects.toMatchObject({
      code: 'internal',
    });
    expect(await listInvitations(owner.organizationId)).toEqual([]);
  });

  it('that cannot be sent again leaves the link of the first one working', async () => {
    const { invitationId } = await inviteMember(owner, { email: ada.email, role: 'member' });
    const token = await link(ada.email);
    process.env.SMTP_URL = 'smtp://127.0.0.1:1';
    resetEnv();
    await expect(resendInvitation(owner, invitationId)).rejects.toMatchObject({ code: 'internal' });
    await acceptInvitation(ada, token);
  });
});
