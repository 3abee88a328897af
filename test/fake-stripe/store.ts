/** Everything this Stripe account holds, in memory, and the log of events about it. */
import { randomBytes } from 'node:crypto';
import Stripe from 'stripe';
import { missing } from './errors';

export interface StoreOptions {
  /** Unix seconds. */
  clock: () => number;
  /** Address of this server, for the pages it hosts. */
  baseUrl: () => string;
}

/** Facts of a checkout session that Stripe keeps to itself. */
export interface CheckoutSecrets {
  lineItems: Stripe.LineItem[];
  paymentIntentMetadata: Record<string, string>;
  paymentIntentDescription: string | null;
  subscriptionMetadata: Record<string, string>;
  subscriptionDescription: string | null;
  invoiceMetadata: Record<string, string>;
  /** What the page tells after a declined card. */
  notice: string | null;
}

/** An amount that waits for a subscription's next invoice. */
export interface PendingLine {
  amount: number;
  description: string;
  price: Stripe.Price;
  itemId: string;
  period: { start: number; end: number };
}

export interface RequestContext {
  id: string;
  idempotencyKey: string | null;
}

type Named = { id: string; object: string };

export class Store {
  readonly customers = new Map<string, Stripe.Customer>();
  readonly products = new Map<string, Stripe.Product>();
  readonly prices = new Map<string, Stripe.Price>();
  readonly sessions = new Map<string, Stripe.Checkout.Session>();
  readonly checkoutSecrets = new Map<string, CheckoutSecrets>();
  readonly paymentIntents = new Map<string, Stripe.PaymentIntent>();
  readonly charges = new Map<string, Stripe.Charge>();
  readonly refunds = new Map<string, Stripe.Refund>();
  readonly disputes = new Map<string, Stripe.Dispute>();
  readonly balanceTransactions = new Map<string, Stripe.BalanceTransaction>();
  readonly subscriptions = new Map<string, Stripe.Subscription>();
  readonly pendingLines = new Map<string, PendingLine[]>();
  readonly invoices = new Map<string, Stripe.Invoice>();
  readonly invoicePayments = new Map<string, Stripe.InvoicePayment>();
  readonly portals = new Map<string, Stripe.BillingPortal.Session>();
  readonly events = new Map<string, Stripe.Event>();
  /** Customers whose card declines from now on. */
  readonly decliningCustomers = new Set<string>();
  /** Customers whose bank wants every change of a subscription confirmed (3-D Secure). */
  readonly askingCustomers = new Set<string>();
  /** Refunds made from now on reach the payer later (`settleRefund`, `failRefund`), as those of bank debits do. */
  refundsPend = false;
  /** Currency of the account's balance and what one unit of a charge's is in it; null: the charge's own. */
  settlement: { currency: string; rate: number } | null = null;
  /** The API request being served; null while the account acts by itself. */
  request: RequestContext | null = null;
  onEvent: (event: Stripe.Event) => void = () => undefined;

  private readonly skew = new Map<string, number>();

  constructor(private readonly options: StoreOptions) {}

  /** Unix seconds; a customer whose clock was moved has a later now. */
  now(customer?: string | null): number {
    return Math.floor(this.options.clock()) + (customer == null ? 0 : (this.skew.get(customer) ?? 0));
  }

  /** Moves one customer's clock forward, as a test clock does: others are untouched. Never backwards. */
  moveClock(customer: string, toSeconds: number): void {
    const ahead = toSeconds - Math.floor(this.options.clock());
    this.skew.set(customer, Math.max(ahead, this.skew.get(customer) ?? 0));
  }

  get baseUrl(): string {
    return this.options.baseUrl();
  }

  /** `cus_…`: the prefix tells the kind, as at Stripe. */
  id(prefix: string): string {
    const random = randomBytes(32).toString('base64url');
    return `${prefix}_${random.replaceAll(/[-_]/g, '').slice(0, 24)}`;
  }

  /** Records an event about the object as it is now. */
  emit(type: Stripe.Event.Type, object: Named, previous?: object): Stripe.Event {
    const event = snapshot<Stripe.Event>({
      id: this.id('evt'),
      object: 'event',
      api_version: Stripe.API_VERSION,
      created: this.now(this.customerOf(object)),
      data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
      livemode: false,
      pending_webhooks: 1,
      request: { id: this.request?.id ?? null, idempotency_key: this.request?.idempotencyKey ?? null },
      type,
    });
    this.events.set(event.id, event);
    this.onEvent(event);
    return event;
  }

  /** Changes an object and records the event, with the former values of what changed; no event if nothing did. */
  change<T extends Named>(object: T, type: Stripe.Event.Type, mutate: (object: T) => void): void {
    const before: Record<string, unknown> = snapshot(object);
    mutate(object);
    const after: Record<string, unknown> = snapshot(object);
    const previous: Record<string, unknown> = {};
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) previous[key] = before[key] ?? null;
    }
    if (Object.keys(previous).length > 0) this.emit(type, object, previous);
  }

  /** Whose clock an object follows: its own customer's, or that of what it belongs to. */
  private customerOf(object: Named): string | null {
    if (object.object === 'customer') return object.id;
    if ('customer' in object && typeof object.customer === 'string') return object.customer;
    const owner = 'invoice' in object ? object.invoice : 'charge' in object ? object.charge : null;
    const found = typeof owner === 'string' ? this.find(owner) : undefined;
    return found === undefined ? null : this.customerOf(found);
  }

  /** Any object by its id, for `expand`. */
  find(id: string): Named | undefined {
    const maps: ReadonlyMap<string, Named>[] = [
      this.customers,
      this.products,
      this.prices,
      this.sessions,
      this.paymentIntents,
      this.charges,
      this.refunds,
      this.disputes,
      this.balanceTransactions,
      this.subscriptions,
      this.invoices,
      this.invoicePayments,
    ];
    for (const map of maps) {
      const found = map.get(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** A copy as it goes over the wire: what changes later does not change it. */
export function snapshot<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value));
}

/** The object with this id, or Stripe's `resource_missing`. */
export function get<T>(map: ReadonlyMap<string, T>, kind: string, id: string, param?: string): T {
  const found = map.get(id);
  if (found === undefined) throw missing(kind, id, param);
  return found;
}

/** The id in a field that may hold an expanded object. */
export function idOf(value: string | { id: string } | null | undefined): string | null {
  if (value == null) return null;
  return typeof value === 'string' ? value : value.id;
}
