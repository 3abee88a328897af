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
  'email',
  'evidence',
  'hosted_invoice_url',
  'individual_name',
  'invoice_pdf',
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
]);

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
      .map(([key, inner]) => [key, key === 'metadata' ? inner : withoutPersonalData(inner)]),
  );
}
