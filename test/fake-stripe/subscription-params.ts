/** What calls about subscriptions take. */
import { z } from 'zod';
import { bool, emptyable, ignored, integer, metadata, paging, text } from './params';

const item = z.strictObject({
  id: text.optional(),
  price: text.optional(),
  quantity: integer.pipe(z.number().min(1)).optional(),
});

const prorationBehavior = z.enum(['always_invoice', 'create_prorations', 'none']).default('create_prorations');

const cancellationDetails = z.strictObject({ comment: emptyable.optional(), feedback: emptyable.optional() });

export const subscriptionUpdate = z.strictObject({
  items: z.array(item).optional(),
  metadata: metadata.optional(),
  description: emptyable.optional(),
  proration_behavior: prorationBehavior,
  proration_date: integer.optional(),
  payment_behavior: z
    .enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete'])
    .default('allow_incomplete'),
  cancel_at: z.union([z.literal('').transform(() => null), integer]).optional(),
  cancel_at_period_end: bool.optional(),
  cancellation_details: cancellationDetails.optional(),
  billing_cycle_anchor: z.literal('unchanged').optional(),
  off_session: ignored.optional(),
  default_payment_method: ignored.optional(),
  payment_settings: ignored.optional(),
});
export type SubscriptionUpdate = z.output<typeof subscriptionUpdate>;

export const subscriptionCancel = z.strictObject({
  prorate: bool.default(false),
  invoice_now: bool.default(false),
  cancellation_details: cancellationDetails.optional(),
});

export const subscriptionList = z.strictObject({
  ...paging,
  customer: text.optional(),
  price: text.optional(),
  status: text.optional(),
});

export const invoicePreview = z.strictObject({
  customer: text.optional(),
  subscription: text,
  preview_mode: z.literal('next').optional(),
  subscription_details: z
    .strictObject({
      items: z.array(item).optional(),
      proration_behavior: prorationBehavior,
      proration_date: integer.optional(),
      cancel_at_period_end: bool.optional(),
      cancel_now: bool.optional(),
      billing_cycle_anchor: z.literal('unchanged').optional(),
    })
    .optional(),
});
export type InvoicePreview = z.output<typeof invoicePreview>;
