import 'server-only';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';

/**
 * Takes the locks that everything of an organization waits for, in the order all other code takes them: credit balance,
 * organization, projects. No project can be made and no call settled until the transaction ends.
 */
export async function lockForPurge(tx: Tx, organizationId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM "CreditBalance" WHERE "organizationId" = ${organizationId} FOR UPDATE`;
  await tx.$queryRaw`SELECT 1 FROM "Organization" WHERE "id" = ${organizationId} FOR UPDATE`;
}

/**
 * Deletes what an organization made and what names anybody: projects with files, chat, plans, runs and reviews, keys,
 * invitations, memberships. What stays is accounting: the ledger, purchases, plan and model calls (figures only), with opaque
 * ids. Runs lose their rows, so that a worker in the midst of one finds its lease gone and stops.
 */
export async function purgeOrganization(tx: Tx, organizationId: string): Promise<void> {
  const own = { where: { organizationId } };
  // Cascades to messages, documents, plan versions, tasks, reviews, runs and steps.
  await tx.project.deleteMany(own);
  await tx.runEvent.deleteMany(own);
  await tx.checkResult.deleteMany(own);
  await tx.snapshot.deleteMany(own);
  await tx.blob.deleteMany(own);
  await tx.codeChunk.deleteMany(own);
  await tx.codeIndex.deleteMany(own);
  await tx.providerKey.deleteMany(own);
  await tx.apiToken.deleteMany(own);
  await tx.invitation.deleteMany(own);
  await tx.membership.deleteMany(own);
  await tx.notice.deleteMany(own);
  await tx.rateCounter.deleteMany(own);
  await tx.auditEvent.deleteMany(own);
  await tx.modelCall.updateMany({ ...own, data: { errorMessage: null, keyIdentifier: null } });
  await tx.purchase.updateMany({ ...own, data: { checkoutUrl: null, returnTo: null } });
  await scrubPaymentEvents(tx, organizationId);
  await tx.organization.update({
    where: { id: organizationId },
    data: { name: 'Deleted', notices: false, deletedAt: now() },
  });
}

/** Stripe's events hold the payer's name and address. Their effects are in the ledger; Stripe keeps the invoices. */
async function scrubPaymentEvents(tx: Tx, organizationId: string): Promise<void> {
  const plan = await tx.organizationPlan.findUnique({ where: { organizationId }, select: { stripeCustomerId: true } });
  if (plan?.stripeCustomerId == null) return;
  await tx.$executeRaw`
    UPDATE "StripeEvent" SET "payload" = jsonb_build_object('deleted', true)
    WHERE "payload"#>>'{data,object,customer}' = ${plan.stripeCustomerId} AND "outcome" IN ('done', 'ignored')`;
}
