import 'server-only';
import { now } from '@/server/platform/clock';
import { db, type Tx } from '@/server/platform/db';

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
  await tx.invitation.deleteMany(own);
  await tx.membership.deleteMany(own);
  await tx.notice.deleteMany(own);
  await tx.auditEvent.deleteMany(own);
  await tx.modelCall.updateMany({ ...own, data: { errorMessage: null, keyIdentifier: null } });
  await tx.purchase.updateMany({ ...own, data: { checkoutUrl: null, returnTo: null } });
  await scrubPaymentEvents(tx, organizationId);
  await tx.organization.update({
    where: { id: organizationId },
    data: { name: 'Deleted', notices: false, deletedAt: now() },
  });
}

/**
 * Requests counted for organizations that are gone. After the purge's commit: a call that begins takes its counter first and
 * the balance second, and would wait for the purge, which holds the balance, while the purge waited for the counter.
 */
export async function dropCounters(organizationIds: readonly string[]): Promise<void> {
  // In the order in which requests take them, so that neither waits for the other.
  await db().$executeRaw`
    DELETE FROM "RateCounter" WHERE ("organizationId", "capability", "window") IN (
      SELECT "organizationId", "capability", "window" FROM "RateCounter" WHERE "organizationId" = ANY (${[...organizationIds]})
      ORDER BY "organizationId", "capability", "window" FOR UPDATE)`;
}

/**
 * Of Stripe's events about the organization accounting needs the figures, not whom they are about. Events are stored without
 * names and addresses in the first place; here go the ids that lead to the customer, and what an older version stored whole.
 */
async function scrubPaymentEvents(tx: Tx, organizationId: string): Promise<void> {
  const plan = await tx.organizationPlan.findUnique({ where: { organizationId }, select: { stripeCustomerId: true } });
  const customer = plan?.stripeCustomerId ?? null;
  await tx.$executeRaw`
    WITH mine AS (
      SELECT e."id", e."payload"#>'{data,object}' AS o FROM "StripeEvent" e
      WHERE e."payload"#>>'{data,object,customer}' = ${customer} OR e."payload"#>>'{data,object,id}' = ${customer}
        OR e."payload"#>>'{data,object,metadata,organizationId}' = ${organizationId}
        OR e."payload"#>>'{data,object,payment_intent}' IN
          (SELECT p."paymentIntentId" FROM "Purchase" p WHERE p."organizationId" = ${organizationId})
      -- One that is handled again at this moment waits for the balance, which is locked here: not the other way round too.
      FOR UPDATE OF e SKIP LOCKED
    )
    UPDATE "StripeEvent" e SET "payload" = jsonb_build_object('deleted', true, 'data', jsonb_build_object('object', coalesce(
      (SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(mine.o) f
        WHERE f.key = ANY (${ACCOUNTING_FIELDS}) AND (f.key <> 'id' OR mine.o->>'object' <> 'customer')), '{}'::jsonb)))
    FROM mine WHERE mine."id" = e."id"`;
}

/** Fields of Stripe's objects that say how much, what for and what came of it. */
const ACCOUNTING_FIELDS = [
  'id',
  'object',
  'amount',
  'amount_paid',
  'amount_refunded',
  'amount_total',
  'currency',
  'invoice',
  'payment_intent',
  'payment_status',
  'status',
];
