// What of an event is stored.

/** Fields of Stripe's objects that name the payer, hold what a person typed, or lead to a page that does. */
const PERSONAL = new Set([
  'account_name',
  'address',
  'billing_details',
  'business_name',
  'client_secret',
  'collected_information',
  'comment',
  'custom_fields',
  'customer_address',
  'customer_details',
  'customer_email',
  'customer_name',
  'customer_phone',
  'customer_shipping',
  'customer_tax_ids',
  'description',
  'email',
  'evidence',
  'hosted_invoice_url',
  'individual_name',
  'invoice_pdf',
  'ip_address',
  'ip_address_location',
  'name',
  'payment_method_details',
  'phone',
  'receipt_email',
  'receipt_url',
  'shipping',
  'shipping_address',
  'shipping_details',
  'sources',
  'tax_ids',
  'url',
  'user_agent',
]);

/** Metadata that are ours: ids. Those of other products of the same Stripe account may hold anything. */
const METADATA = new Set(['formerPriceId', 'organizationId', 'packageId', 'planId', 'purchaseId']);

/**
 * A copy of Stripe's JSON without personal data, however deep it is: ids, amounts, states, times and our own metadata stay.
 * Nothing that is stored has to be found and scrubbed when an account is deleted, nor what Stripe sends after that.
 */
export function withoutPersonalData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPersonalData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PERSONAL.has(key))
      .map(([key, inner]) => [key, key === 'metadata' ? onlyOurs(inner) : withoutPersonalData(inner)]),
  );
}

function onlyOurs(metadata: unknown): unknown {
  if (typeof metadata !== 'object' || metadata === null) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => METADATA.has(key)));
}

/** A copy of JSON without the characters that Postgres cannot store: zeros and halves of surrogate pairs. */
export function postgresSafeJson(value: unknown): unknown {
  if (typeof value === 'string') return withoutUnstorable(value);
  if (Array.isArray(value)) return value.map(postgresSafeJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [withoutUnstorable(key), postgresSafeJson(inner)]),
  );
}

function withoutUnstorable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
