import type Stripe from 'stripe';

interface BookedDispute {
  status: string;
  amount: number;
  currency: string;
  balance_transactions: readonly Pick<Stripe.BalanceTransaction, 'amount' | 'currency' | 'exchange_rate'>[];
}

/**
 * US cents (of the dispute's currency) that a bank withdrew for a dispute and has not returned. What was booked decides, not
 * the status: an inquiry books nothing, `prevented` may book nothing, an appeal may book a second withdrawal, and Stripe may
 * add statuses.
 */
export function withdrawnCents(dispute: BookedDispute): number {
  const balance = dispute.balance_transactions.reduce((sum, booking) => sum + inCurrencyOf(dispute, booking), 0);
  return Math.max(0, Math.round(-balance));
}

/** Bookings are in the currency of the Stripe account's balance. */
function inCurrencyOf(
  { amount, currency }: BookedDispute,
  booking: BookedDispute['balance_transactions'][number],
): number {
  if (booking.currency === currency) return booking.amount;
  if (booking.exchange_rate !== null) return booking.amount / booking.exchange_rate;
  // Without a rate its sign is all that can be used.
  return Math.sign(booking.amount) * amount;
}

const OPEN = ['needs_response', 'under_review', 'appeal_needs_response', 'appeal_under_review', 'prevented'];
const INQUIRY = ['warning_needs_response', 'warning_under_review', 'warning_closed'];
const KNOWN: ReadonlySet<string> = new Set([...OPEN, ...INQUIRY, 'won', 'lost']);

/** Why a person should look: a status that is not known here, or one that says another thing than the bookings. Else null. */
export function disagreement(dispute: BookedDispute): string | null {
  const { status } = dispute;
  if (!KNOWN.has(status)) return `a dispute has the unknown status ${status}`;
  const withdrawn = withdrawnCents(dispute);
  if (status === 'lost' && withdrawn === 0) return 'a dispute is lost, but no withdrawal is booked';
  if ((status === 'won' || INQUIRY.includes(status)) && withdrawn > 0)
    return `a dispute is ${status}, but ${withdrawn} cents are withdrawn`;
  return null;
}
