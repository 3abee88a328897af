/** What `POST /v1/checkout/sessions` takes. */
import { z } from 'zod';
import { priceData } from './catalogue';
import { bool, emptyable, ignored, integer, metadata, paging, text } from './params';

const lineItem = z.strictObject({
  price: text.optional(),
  price_data: priceData.optional(),
  quantity: integer.pipe(z.number().min(1)).default(1),
  adjustable_quantity: ignored.optional(),
});

export const checkoutCreate = z.strictObject({
  mode: z.enum(['payment', 'subscription']).default('payment'),
  line_items: z.array(lineItem).min(1).max(100),
  success_url: text,
  cancel_url: text.optional(),
  client_reference_id: text.max(200).optional(),
  customer: text.optional(),
  customer_email: text.optional(),
  customer_creation: z.enum(['always', 'if_required']).optional(),
  metadata: metadata.optional(),
  expires_at: integer.optional(),
  payment_intent_data: z
    .strictObject({
      metadata: metadata.optional(),
      description: emptyable.optional(),
      receipt_email: ignored.optional(),
      setup_future_usage: ignored.optional(),
      statement_descriptor: ignored.optional(),
      statement_descriptor_suffix: ignored.optional(),
    })
    .optional(),
  subscription_data: z
    .strictObject({
      metadata: metadata.optional(),
      description: emptyable.optional(),
      proration_behavior: ignored.optional(),
      invoice_settings: ignored.optional(),
      billing_mode: ignored.optional(),
    })
    .optional(),
  invoice_creation: z
    .strictObject({
      enabled: bool,
      invoice_data: z.strictObject({ metadata: metadata.optional(), description: emptyable.optional() }).optional(),
    })
    .optional(),
  ui_mode: z.literal('hosted_page').optional(),
  payment_method_types: z.array(text).optional(),
  allow_promotion_codes: ignored.optional(),
  automatic_tax: ignored.optional(),
  billing_address_collection: ignored.optional(),
  branding_settings: ignored.optional(),
  consent_collection: ignored.optional(),
  custom_text: ignored.optional(),
  customer_update: ignored.optional(),
  locale: ignored.optional(),
  payment_method_collection: ignored.optional(),
  payment_method_options: ignored.optional(),
  saved_payment_method_options: ignored.optional(),
  submit_type: ignored.optional(),
  tax_id_collection: ignored.optional(),
});
export type CheckoutCreate = z.output<typeof checkoutCreate>;

export const checkoutList = z.strictObject({
  ...paging,
  customer: text.optional(),
  payment_intent: text.optional(),
  subscription: text.optional(),
  status: z.enum(['complete', 'expired', 'open']).optional(),
});
