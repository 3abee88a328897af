import { AppError, isAppError } from '@/server/platform/errors';

/** What closing changes at Stripe. */
export type PaymentStep =
  | 'page_closed'
  | 'draft_stopped'
  | 'subscription_ends'
  | 'subscription_ended'
  | 'invoice_voided';

/** One or several of a step, as a clause. */
const CLAUSES: Record<PaymentStep, [one: string, several: (count: number) => string]> = {
  page_closed: ['a payment page was closed', (count) => `${count} payment pages were closed`],
  draft_stopped: ['a draft invoice was stopped', (count) => `${count} draft invoices were stopped`],
  subscription_ends: [
    'a subscription was set to end with its paid period',
    (count) => `${count} subscriptions were set to end with their paid periods`,
  ],
  subscription_ended: ['a subscription was ended', (count) => `${count} subscriptions were ended`],
  invoice_voided: ['an open invoice was voided', (count) => `${count} open invoices were voided`],
};

/** `A payment page was closed and 2 open invoices were voided.`; empty without steps. */
export function describeSteps(steps: readonly PaymentStep[]): string {
  const kinds = [...new Set(steps)];
  const clauses = kinds.map((kind) => {
    const count = steps.filter((step) => step === kind).length;
    return count === 1 ? CLAUSES[kind][0] : CLAUSES[kind][1](count);
  });
  const text = clauses.join(', ').replace(/, ([^,]*)$/, ' and $1');
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The failure of a deletion, which says what had been changed at Stripe before it. */
export function unfinishedDeletion(error: unknown, steps: readonly PaymentStep[]): unknown {
  const known = isAppError(error) ? error : null;
  if (steps.length === 0 && known?.code !== 'payments_unavailable') return error;
  const done = steps.length === 0 ? '' : ` At the payment service this was done already: ${describeSteps(steps)}`;
  const reason = known?.userMessage ?? 'Something went wrong on our side.';
  return new AppError(
    known?.code ?? 'internal',
    `a deletion stopped after ${steps.join(', ') || 'no step'}: ${error}`,
    {
      userMessage: `The deletion did not finish. ${reason}${done} Delete again, and it goes on from here.`,
      details: { ...known?.details, paymentSteps: [...steps] },
      cause: error,
    },
  );
}
