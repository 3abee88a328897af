/** Teams as the browser and the server speak of them. Roles: owner everything and billing, admin members and budgets, member projects. */
import { z } from 'zod';

export const ROLES = ['owner', 'admin', 'member'] as const;
export type Role = (typeof ROLES)[number];
export const roleSchema = z.enum(ROLES);

/** What each role may do, for people. */
export const ROLE_TEXT: Record<Role, { name: string; may: string }> = {
  owner: { name: 'Owner', may: 'Everything: billing, keys, members, projects.' },
  admin: { name: 'Admin', may: 'Members, their budgets, and projects. Not billing, keys or owners.' },
  member: { name: 'Member', may: 'Projects, within their budget.' },
};

const id = z.string().min(1).max(64);
/** People in one team, invitations that wait included. */
export const TEAM_SIZE = 100;
/** Teams one person may own. */
export const TEAMS_PER_OWNER = 10;
/** Invitation letters one organization may send a day (UTC), repeated ones included. */
export const LETTERS_PER_DAY = 30;
/** Invitation letters one person may send a day (UTC), whatever the team. */
export const LETTERS_PER_SENDER = 60;
/** Invitation letters one address gets a day (UTC), from all senders together. */
export const LETTERS_PER_ADDRESS = 5;
/** Days an invitation can be accepted. */
export const INVITATION_DAYS = 7;
/** What a person types to delete their account. */
export const DELETE_PHRASE = 'delete my account';

export const nameSchema = z
  .string()
  .trim()
  .min(1, 'Write a name.')
  .max(80, 'A name has at most 80 characters.')
  .regex(/^[^\p{Cc}<>]+$/u, 'A name holds no control characters or angle brackets.');

export const organizationNameSchema = z.object({ name: nameSchema });

/** As next-auth writes addresses: trimmed and in small letters. */
export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, 'An address has at most 254 characters.')
  .pipe(z.email('This is not an e-mail address.'));

export const inviteSchema = z.object({ email: emailSchema, role: roleSchema.default('member') });
export const invitationIdSchema = z.object({ invitationId: id });
/** 32 random bytes in base64url. */
export const invitationTokenSchema = z.object({ token: z.string().regex(/^[\w-]{43}$/, 'not an invitation link') });
export const memberSchema = z.object({ userId: id });
export const memberRoleSchema = memberSchema.extend({ role: roleSchema });
/** Micro-credits a period; null: no own limit. */
export const memberBudgetSchema = memberSchema.extend({
  budgetMicro: z.bigint().min(0n).max(1_000_000_000_000n).nullable(),
});
export const switchSchema = z.object({ organizationId: id });
/** The organization's name, typed. */
export const closeTeamSchema = z.object({ confirm: z.string().max(200) });
/** `DELETE_PHRASE`, typed. */
export const deleteAccountSchema = z.object({ confirm: z.string().max(200) });

/** Whether somebody of one role may change, limit or remove somebody of another. Owners are only managed by owners. */
export function mayManage(actor: Role, target: Role): boolean {
  return actor === 'owner' || (actor === 'admin' && target !== 'owner');
}
