/** Signed delivery of events to the application, with retries, and everything a test may want to go wrong with it. */
import { createHmac } from 'node:crypto';
import type Stripe from 'stripe';

export interface SignOptions {
  /** Another secret than the endpoint's, to be refused. */
  secret?: string;
  /** Unix seconds of the signature; default now. */
  at?: number;
  /** Changes the body after it was signed. */
  mutateBody?: (body: string) => string;
}

export interface SignedRequest {
  body: string;
  headers: { 'content-type': string; 'stripe-signature': string; 'user-agent': string };
}

/** `parallel`: all at once, as Stripe, which promises no order. The others go one after the other. */
export type DeliveryOrder = 'parallel' | 'created' | 'reversed' | 'shuffled';

export interface DeliveryPlan {
  order: DeliveryOrder;
  /** How often each event is sent, at least once. */
  copies: number;
  /** Milliseconds before an event is first sent. */
  delayMs: number;
}

export interface Delivery {
  eventId: string;
  type: string;
  /** 1 for the first try. */
  attempt: number;
  /** HTTP status; null: nobody answered. */
  status: number | null;
  body: string;
}

export interface WebhookOptions {
  url: string | null;
  secret: string;
  /** Waits before the second, third, … try. */
  retryDelaysMs: number[];
  /** Event types to send; a trailing `*` stands for any end. */
  enabledEvents: string[];
  /** Unix seconds. */
  clock: () => number;
}

const ANSWER_TIMEOUT_MS = 20_000;

export class Webhooks {
  /** Every try so far. */
  readonly deliveries: Delivery[] = [];
  plan: DeliveryPlan = { order: 'parallel', copies: 1, delayMs: 0 };

  private held: Stripe.Event[] = [];
  private paused = false;
  private flushing = false;
  private running = 0;
  private closed = false;
  private readonly waiters: (() => void)[] = [];
  private readonly timers = new Map<NodeJS.Timeout, () => void>();

  constructor(readonly options: WebhookOptions) {}

  enqueue(event: Stripe.Event): void {
    if (this.options.url === null || this.closed || !this.wanted(event.type)) return;
    this.held.push(event);
    // What one call causes is one batch, so that `reversed` and `shuffled` have something to act on.
    if (this.paused || this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      if (!this.paused) this.flush(this.plan.order);
    });
  }

  pause(): void {
    this.paused = true;
  }

  /** Sends what was held back. */
  resume(order: DeliveryOrder): void {
    this.paused = false;
    this.flush(order);
  }

  /** Events that wait for `resume`. */
  heldBack(): Stripe.Event[] {
    return [...this.held];
  }

  /** Drops what was held back: it is never sent. */
  discard(): void {
    this.held = [];
  }

  /** An event as it goes over the wire. */
  sign(event: object, options: SignOptions = {}): SignedRequest {
    const body = JSON.stringify(event, null, 2);
    const at = Math.floor(options.at ?? this.options.clock());
    const signature = createHmac('sha256', options.secret ?? this.options.secret)
      .update(`${at}.${body}`)
      .digest('hex');
    return {
      body: options.mutateBody?.(body) ?? body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': `t=${at},v1=${signature}`,
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    };
  }

  /** One try, now, without retries, whatever is held back. */
  async send(event: Stripe.Event, options: SignOptions = {}, attempt = 1): Promise<Delivery> {
    if (this.options.url === null) throw new Error('no webhook address is set');
    const { body, headers } = this.sign(event, options);
    const delivery: Delivery = { eventId: event.id, type: event.type, attempt, status: null, body: '' };
    try {
      const response = await fetch(this.options.url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      delivery.status = response.status;
      delivery.body = await response.text();
    } catch (error) {
      delivery.body = String(error);
    }
    this.deliveries.push(delivery);
    return delivery;
  }

  /** Resolves once everything that is not held back was delivered or given up. */
  async idle(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.flushing || this.running > 0) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${this.running} webhook deliveries still run after ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, this.flushing ? 1 : left));
        this.waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  close(): void {
    this.closed = true;
    this.held = [];
    for (const [timer, done] of this.timers) {
      clearTimeout(timer);
      done();
    }
    this.timers.clear();
  }

  private wanted(type: string): boolean {
    return this.options.enabledEvents.some((name) =>
      name.endsWith('*') ? type.startsWith(name.slice(0, -1)) : name === type,
    );
  }

  private flush(order: DeliveryOrder): void {
    const batch = arranged(this.held, order);
    this.held = [];
    const copies = batch.flatMap((event) => Array.from({ length: this.plan.copies }, () => event));
    this.running += copies.length;
    if (order === 'parallel') {
      for (const event of copies) void this.persist(event);
      return;
    }
    void this.inTurn(copies);
  }

  /** One after the other; a try that failed is repeated without holding up the rest. */
  private async inTurn(events: Stripe.Event[]): Promise<void> {
    for (const event of events) {
      await new Promise<void>((next) => {
        void this.persist(event, next);
      });
    }
  }

  private async persist(event: Stripe.Event, afterFirst: () => void = () => undefined): Promise<void> {
    await this.wait(this.plan.delayMs);
    for (let attempt = 1; !this.closed && this.options.url !== null; attempt++) {
      const { status } = await this.send(event, {}, attempt);
      afterFirst();
      const pause = this.options.retryDelaysMs[attempt - 1];
      if ((status !== null && status >= 200 && status < 300) || pause === undefined) break;
      await this.wait(pause);
    }
    afterFirst();
    this.running -= 1;
    if (this.running === 0) for (const wake of this.waiters.splice(0)) wake();
  }

  private wait(ms: number): Promise<void> {
    if (ms <= 0 || this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.set(timer, resolve);
    });
  }
}

function arranged(events: Stripe.Event[], order: DeliveryOrder): Stripe.Event[] {
  if (order === 'reversed') return events.toReversed();
  if (order !== 'shuffled') return [...events];
  return events
    .map((event) => ({ event, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ event }) => event);
}
