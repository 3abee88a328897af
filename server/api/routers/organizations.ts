import 'server-only';
import { setPayer } from '@/server/billing/checkout/name-payer';
import { createTeam } from '@/server/credits/ledger/create-team';
import { memberUsage } from '@/server/credits/reports/member-usage';
import { acceptInvitation } from '@/server/organizations/accept-invitation';
import { changeRole } from '@/server/organizations/change-role';
import { closeTeam, requireClosable } from '@/server/organizations/close-team';
import { inviteMember } from '@/server/organizations/invite-member';
import { listInvitations } from '@/server/organizations/list-invitations';
import { listMembers } from '@/server/organizations/list-members';
import { leaveTeam, removeMember } from '@/server/organizations/remove-member';
import { renameOrganization } from '@/server/organizations/rename-organization';
import { resendInvitation } from '@/server/organizations/resend-invitation';
import { revokeInvitation } from '@/server/organizations/revoke-invitation';
import {
  closeTeamSchema,
  invitationIdSchema,
  invitationTokenSchema,
  inviteSchema,
  memberBudgetSchema,
  memberRoleSchema,
  memberSchema,
  organizationNameSchema,
} from '@/server/organizations/schema';
import { setMemberBudget } from '@/server/organizations/set-member-budget';
import { transferOwnership } from '@/server/organizations/transfer-ownership';
import { viewOrganization } from '@/server/organizations/view-organization';
import { deleteWithPayments } from '../end-subscriptions';
import { adminProcedure, memberProcedure, ownerProcedure, router } from '../trpc';

/** Teams: admins manage people and budgets, owners everything, and everybody may leave. Each use case reads the role again. */
export const organizationsRouter = router({
  view: memberProcedure.query(async ({ ctx }) => ({
    ...(await viewOrganization(ctx.caller.organizationId)),
    role: ctx.caller.role,
  })),
  create: memberProcedure
    .input(organizationNameSchema)
    .mutation(({ ctx, input }) => createTeam({ userId: ctx.caller.userId, name: input.name })),
  rename: ownerProcedure
    .input(organizationNameSchema)
    .mutation(({ ctx, input }) => renameOrganization(ctx.caller.organizationId, input.name)),
  close: ownerProcedure.input(closeTeamSchema).mutation(async ({ ctx, input }) => {
    await requireClosable(ctx.caller, input.confirm);
    const closing = [ctx.caller.organizationId];
    await deleteWithPayments(closing, async () => {
      await closeTeam(ctx.caller);
      return closing;
    });
  }),
  /** Admins and owners see what everybody has used; a member only what they have themselves. */
  members: memberProcedure.query(async ({ ctx }) => {
    const { organizationId, userId, role } = ctx.caller;
    const [members, used] = await Promise.all([listMembers(organizationId), memberUsage(organizationId)]);
    return members.map((member) => {
      const money = role !== 'member' || member.userId === userId;
      return {
        ...member,
        isMe: member.userId === userId,
        budgetMicro: money ? member.budgetMicro : null,
        usedMicro: money ? (used.get(member.userId) ?? 0n) : null,
      };
    });
  }),
  setRole: adminProcedure.input(memberRoleSchema).mutation(({ ctx, input }) => changeRole(ctx.caller, input)),
  setBudget: adminProcedure.input(memberBudgetSchema).mutation(({ ctx, input }) => setMemberBudget(ctx.caller, input)),
  remove: adminProcedure.input(memberSchema).mutation(({ ctx, input }) => removeMember(ctx.caller, input.userId)),
  leave: memberProcedure.mutation(({ ctx }) => leaveTeam(ctx.caller)),
  transfer: ownerProcedure.input(memberSchema).mutation(async ({ ctx, input }) => {
    await transferOwnership(ctx.caller, input.userId);
    await setPayer({ organizationId: ctx.caller.organizationId, userId: input.userId });
  }),
  invitations: adminProcedure.query(({ ctx }) => listInvitations(ctx.caller.organizationId)),
  invite: adminProcedure.input(inviteSchema).mutation(({ ctx, input }) => inviteMember(ctx.caller, input)),
  resend: adminProcedure
    .input(invitationIdSchema)
    .mutation(({ ctx, input }) => resendInvitation(ctx.caller, input.invitationId)),
  revoke: adminProcedure
    .input(invitationIdSchema)
    .mutation(({ ctx, input }) => revokeInvitation(ctx.caller, input.invitationId)),
  accept: memberProcedure
    .input(invitationTokenSchema)
    .mutation(({ ctx, input }) => acceptInvitation(ctx.caller, input.token)),
});
