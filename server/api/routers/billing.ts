import 'server-only';
import { listInvoices } from '@/server/billing/checkout/list-invoices';
import { findPurchase, listPurchases, type PurchaseView, viewPurchase } from '@/server/billing/checkout/list-purchases';
import { openPortal } from '@/server/billing/checkout/open-portal';
import { startTopup } from '@/server/billing/checkout/start-topup';
import { cancelPlan } from '@/server/billing/plans/cancel-plan';
import { changePlan } from '@/server/billing/plans/change-plan';
import { listPackages, listPlans } from '@/server/billing/plans/list-offers';
import { resumePlan } from '@/server/billing/plans/resume-plan';
import { startSubscription } from '@/server/billing/plans/start-subscription';
import { viewBilling } from '@/server/billing/plans/view-billing';
import {
  changePlanSchema,
  mockPaySchema,
  portalSchema,
  purchaseSchema,
  purchasesSchema,
  startTopupSchema,
} from '@/server/billing/schema';
import { finishMockCheckout } from '@/server/billing/webhook/mock-checkout';
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
