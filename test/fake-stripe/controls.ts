/** What a test may do that a client of Stripe cannot: time, cards, disputes, faults, and the delivery of webhooks. */
import type Stripe from 'stripe';
import { actOnCheckout, type CheckoutAction, type CheckoutResult, settleLater } from './checkout-outcome';
import { changeDispute, closeDispute, type DisputeOptions, escalateDispute, openDispute } from './disputes';
import { paymentOf } from './invoices';
import { failRefund, settleRefund } from './refunds';
import { advancePeriod, retryPayment } from './renewal';
import type { Fault, RequestLog, ServerState } from './server-state';
import { get, idOf, type Store, snapshot } from './store';
import { endSubscription } from './subscriptions';
import { type ThinEvent, thinEvent } from './thin-event';
import type { Delivery, DeliveryOrder, DeliveryPlan, SignedRequest, SignOptions } from './webhooks';

export type Controls = ReturnType<typeof controls>;

export function controls(state: ServerState) {
  return { ...moneyControls(state.store), ...deliveryControls(state), ...wireControls(state) };
}

function moneyControls(store: Store) {
  return {
    /** Presses a button of the checkout page. `pay_later` stays open until `settleLater`. */
    completeCheckout: (sessionId: string, action: CheckoutAction = 'pay', email?: string): CheckoutResult =>
      copy(actOnCheckout(store, sessionId, action, email)),
    /** Ends a payment made by `pay_later`. */
    settleLater: (sessionId: string, outcome: 'succeeds' | 'fails'): Stripe.Checkout.Session =>
      copy(settleLater(store, sessionId, outcome)),
    /** Moves the customer's clock to the period's end and renews (or ends) the subscription. */
    advancePeriod: (subscriptionId: string, options: { paymentFails?: boolean } = {}): Stripe.Subscription =>
      copy(advancePeriod(store, subscriptionId, options)),
    /** Tries the open invoice of a past-due subscription again; `final` gives up after another decline. */
    retryPayment: (
      subscriptionId: string,
      options: { paymentFails?: boolean; final?: boolean } = {},
    ): Stripe.Subscription => copy(retryPayment(store, subscriptionId, options)),
    /** Ends a subscription from Stripe's side. */
    endSubscription: (
      subscriptionId: string,
      reason: 'cancellation_requested' | 'payment_failed' | 'payment_disputed',
    ): Stripe.Subscription =>
      copy(endSubscription(store, get(store.subscriptions, 'subscription', subscriptionId), reason)),
    /**
     * What Stripe makes of a subscription after the last failed try, where the account says so (`unpaid`: its open invoice
     * makes it active again once it is paid), and of one that is paused.
     */
    setStatus: (subscriptionId: string, status: 'unpaid' | 'paused' | 'active'): Stripe.Subscription => {
      const subscription = get(store.subscriptions, 'subscription', subscriptionId);
      store.change(subscription, 'customer.subscription.updated', () => {
        subscription.status = status;
      });
      return copy(subscription);
    },
    /**
     * Whether the customer's stored card works from now on (renewals, prorations, `invoices.pay`). `asks`: its bank wants a
     * payment for a change confirmed; renewals go through.
     */
    setCard: (customerId: string, card: 'works' | 'declines' | 'asks'): void => {
      store.decliningCustomers.delete(customerId);
      store.askingCustomers.delete(customerId);
      if (card === 'declines') store.decliningCustomers.add(customerId);
      if (card === 'asks') store.askingCustomers.add(customerId);
    },
    /** Puts an invoice back into the hour before Stripe finishes it. */
    makeDraft: (invoiceId: string): void => {
      Object.assign(get(store.invoices, 'invoice', invoiceId), { status: 'draft', auto_advance: true });
    },
    /** The payment intent that paid an invoice: what a refund or a dispute of it is about. */
    paymentOfInvoice: (invoiceId: string): string => {
      const payment = paymentOf(store, get(store.invoices, 'invoice', invoiceId));
      const intent = idOf(payment?.payment.payment_intent);
      if (intent === null) throw new Error(`invoice ${invoiceId} was paid without a payment`);
      return intent;
    },
    /** Whether refunds made from now on are pending until `settleRefund` or `failRefund`. */
    setRefundsPending: (pending: boolean): void => {
      store.refundsPend = pending;
    },
    /** A pending refund reaches the payer. */
    settleRefund: (refundId: string): Stripe.Refund => copy(settleRefund(store, refundId)),
    /** Currency of this account's balance from now on, and what one unit of a charge's currency is in it. */
    setSettlement: (settlement: { currency: string; rate: number } | null): void => {
      store.settlement = settlement;
    },
    /** A refund that the payer's bank sends back: the charge counts as refunded by so much less. */
    failRefund: (refundId: string): Stripe.Refund => copy(failRefund(store, refundId)),
    /** Takes a charge (or a payment intent) back through the bank; `amount` in cents. */
    dispute: (chargeOrIntentId: string, options: DisputeOptions = {}): Stripe.Dispute =>
      copy(openDispute(store, chargeOrIntentId, options)),
    /** Turns an inquiry into a dispute. */
    escalateDispute: (disputeId: string): Stripe.Dispute => copy(escalateDispute(store, disputeId)),
    /** Any status, also one that this version does not know; with `money` the bank withdraws or returns the amount. */
    changeDispute: (
      disputeId: string,
      status: Stripe.Dispute.Status,
      money?: 'withdrawn' | 'reinstated',
    ): Stripe.Dispute => copy(changeDispute(store, disputeId, status, money)),
    closeDispute: (disputeId: string, outcome: 'won' | 'lost' | 'warning_closed'): Stripe.Dispute =>
      copy(closeDispute(store, disputeId, outcome)),
  };
}

function deliveryControls({ store, webhooks }: ServerState) {
  const event = (id: string): Stripe.Event => get(store.events, 'event', id);
  return {
    /** Every event so far, oldest first; of one type if that is given. */
    events: (type?: string): Stripe.Event[] =>
      copy([...store.events.values()].filter((candidate) => type === undefined || candidate.type === type)),
    /** A thin event (`v2.core.event`): it names what it is about and holds nothing of it. Sent by `deliver` of a test. */
    thinEvent: (type: string, about?: { id: string; type: string }): ThinEvent => thinEvent(store, type, about),
    /** Where events are sent from now on. */
    setWebhookUrl: (url: string | null): void => {
      webhooks.options.url = url;
    },
    /** Duplicates, delay and order of the deliveries from now on. */
    setDelivery: (plan: Partial<DeliveryPlan>): void => {
      webhooks.plan = { ...webhooks.plan, ...plan };
    },
    /** Holds back every event from now on. */
    pauseDelivery: (): void => webhooks.pause(),
    /** Sends what was held back, in this order. */
    resumeDelivery: (order: DeliveryOrder = 'created'): void => webhooks.resume(order),
    heldBack: (): Stripe.Event[] => copy(webhooks.heldBack()),
    /** Forgets what was held back: lost for ever, as after Stripe's last retry. */
    discardHeldBack: (): void => webhooks.discard(),
    /** One try now, by hand, without retries, even while deliveries are held back. */
    deliver: (eventId: string, options: SignOptions = {}): Promise<Delivery> => webhooks.send(event(eventId), options),
    /** Body and headers of a delivery, to post it yourself. Takes an event that was changed or made up as well. */
    signedRequest: (eventOrId: object | string, options: SignOptions = {}): SignedRequest =>
      webhooks.sign(typeof eventOrId === 'string' ? event(eventOrId) : eventOrId, options),
    /** Every try of a delivery so far. */
    deliveries: (): Delivery[] => copy(webhooks.deliveries),
    /** Waits until everything that is not held back was delivered or given up. */
    idle: (timeoutMs = 10_000): Promise<void> => webhooks.idle(timeoutMs),
  };
}

function wireControls(state: ServerState) {
  return {
    /** Every API call so far. */
    requests: (): RequestLog[] => copy(state.requests),
    /** Milliseconds every API call takes before it does anything: room for concurrent calls with one key. */
    setLatency: (ms: number): void => {
      state.latencyMs = ms;
    },
    /** Makes the next call of this method and path fail. */
    failNext: (fault: Fault): void => {
      state.faults.push(fault);
    },
  };
}

/** What a caller gets is a copy: it neither changes later nor changes the account. */
function copy<T>(value: T): T {
  return snapshot<T>(value);
}
