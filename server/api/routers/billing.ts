import 'server-only';
import { cancelPlan } from '@/server/billing/cancel-plan';
import { changePlan } from '@/server/billing/change-plan';
import { listInvoices } from '@/server/billing/list-invoices';
import { listPackages, listPlans } from '@/server/billing/list-offers';
import { findPurchase, listPurchases, type PurchaseView, viewPurchase } from '@/server/billing/list-purchases';
import { finishMockCheckout } from '@/server/billing/mock-checkout';
import { openPortal } from '@/server/billing/open-portal';
import { resumePlan } from '@/server/billing/resume-plan';
import {
  changePlanSchema,
  mockPaySchema,
  portalSchema,
  purchaseSchema,
  purchasesSchema,
  startTopupSchema,
} from '@/server/billing/schema';
import { startSubscription } from '@/server/billing/start-subscription';
import { startTopup } from '@/server/billing/start-topup';
import { viewBilling } from '@/server/billing/view-billing';
import { type Caller, memberProcedure, ownerProcedure, router } from '../trpc';

const by = ({ organizationId, userId }: Caller) => ({ organizationId, userId });

/** Where a purchase can be paid, and where the buyer came from, is for who may buy. */
const asSeenBy = ({ role }: Pick<Caller, 'role'>, purchase: PurchaseView): PurchaseView =>
  role === 'owner' ? purchase : { ...purchase, checkoutUrl: null, returnTo: null };

/** `elsewhere`: the organization that the purchase is of, where that is not the one the caller acts for. */
async function purchaseOf(caller: Caller, purchaseId: string) {
  const { purchase, organization, role } = await findPurchase(caller.userId, purchaseId);
  if (organization.id === caller.organizationId) return { ...asSeenBy(caller, purchase), elsewhere: null };
  return { ...asSeenBy({ role }, purchase), elsewhere: organization };
}

/** What an organization has, pays and could have. Members read; owners buy and change. */
export const billingRouter = router({
  overview: memberProcedure.query(async ({ ctx }) => ({
    ...(await viewBilling(ctx.caller.organizationId)),
    canChange: ctx.caller.role === 'owner',
  })),
  packages: memberProcedure.query(() => listPackages()),
  plans: memberProcedure.query(({ ctx }) => listPlans(ctx.caller.organizationId)),
  purchase: memberProcedure.input(purchaseSchema).query(({ ctx, input }) => purchaseOf(ctx.caller, input.purchaseId)),
  purchases: memberProcedure.input(purchasesSchema).query(async ({ ctx, input }) => {
    const { purchases, nextCursor } = await listPurchases(ctx.caller.organizationId, input);
    return { purchases: purchases.map((purchase) => asSeenBy(ctx.caller, purchase)), nextCursor };
  }),
  invoices: memberProcedure.query(async ({ ctx }) => {
    const invoices = await listInvoices(ctx.caller.organizationId);
    // Stripe's pages carry the payer's name and address: for the owner only.
    return ctx.caller.role === 'owner' ? invoices : invoices.map((row) => ({ ...row, url: null, pdfUrl: null }));
  }),

  startTopup: ownerProcedure
    .input(startTopupSchema)
    .mutation(({ ctx, input }) => startTopup({ ...by(ctx.caller), ...input })),
  startSubscription: ownerProcedure
    .input(changePlanSchema)
    .mutation(({ ctx, input }) => startSubscription({ ...by(ctx.caller), ...input })),
  changePlan: ownerProcedure
    .input(changePlanSchema)
    .mutation(({ ctx, input }) => changePlan({ ...by(ctx.caller), ...input })),
  cancel: ownerProcedure.mutation(({ ctx }) => cancelPlan(by(ctx.caller))),
  resume: ownerProcedure.mutation(({ ctx }) => resumePlan(by(ctx.caller))),
  portal: ownerProcedure.input(portalSchema).mutation(async ({ ctx, input }) => ({
    url: await openPortal({ organizationId: ctx.caller.organizationId, returnTo: input?.returnTo }),
  })),
  mockPay: ownerProcedure.input(mockPaySchema).mutation(async ({ ctx, input }) => {
    await finishMockCheckout({ organizationId: ctx.caller.organizationId, ...input });
    return { ...(await viewPurchase(ctx.caller.organizationId, input.purchaseId)), elsewhere: null };
  }),
});
