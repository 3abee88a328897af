import 'server-only';
import type { ModelCall, ModelHold, Operation, Result } from './ledger-operation';

/** The ledger as anybody would write it down: one account at a time, no SQL. The real one must agree with it, operation by operation. */
export interface ModelPlan {
  monthly: bigint;
  welcome: bigint;
}

function min(first: bigint, ...rest: bigint[]): bigint {
  let least = first;
  for (const value of rest) if (value < least) least = value;
  return least;
}

function max(first: bigint, ...rest: bigint[]): bigint {
  return -min(-first, ...rest.map((value) => -value));
}

export class ModelAccount {
  bonus = 0n;
  held = 0n;
  owed = 0n;
  pendingPlan: string | null = null;
  pendingFrom = 0;
  /** In the order they were made. */
  readonly holdIds: string[] = [];
  readonly callIds: string[] = [];
  private readonly holds = new Map<string, ModelHold>();
  private readonly open = new Map<string, ModelHold>();
  private readonly calls = new Map<string, ModelCall>();
  /** What a key did: the amounts that a replay returns. */
  private readonly keys = new Map<string, Result>();
  private readonly welcomed = new Set<string>();
  private used: { at: number; n: bigint; user: string | null }[] = [];

  constructor(
    private readonly plans: ReadonlyMap<string, ModelPlan>,
    readonly periodMs: number,
    public monthly: bigint,
    public plan: string,
    public start: number,
    public end: number,
    readonly overdraft: bigint,
    /** Micro-credits a period of the member `user`; null: no budget. */
    readonly budget: bigint | null,
    readonly user: string,
  ) {}

  apply(op: Operation): Result {
    switch (op.kind) {
      case 'reserve':
        return this.reserve(op);
      case 'renew':
        return this.renew(op);
      case 'settle':
        return this.settle(op);
      case 'release':
      case 'expire':
        return this.close(op);
      case 'grant':
        return this.grant(op);
      case 'clawback':
        return this.clawBack(op);
      case 'refund':
        return this.refund(op);
      case 'upgrade':
        return this.upgrade(op);
      case 'move':
        return this.move(op);
      case 'schedule':
        return this.schedule(op);
      case 'reset':
        return this.reset(op);
    }
  }

  oldestOpen(): string | undefined {
    return this.open.keys().next().value;
  }

  private planOf(id: string): ModelPlan {
    const plan = this.plans.get(id);
    if (plan === undefined) throw new Error(`no plan ${id}`);
    return plan;
  }

  private get available(): bigint {
    return this.monthly + this.bonus - this.held;
  }

  private reserve(op: Extract<Operation, { kind: 'reserve' }>): Result {
    const before = this.keys.get(op.key);
    if (before !== undefined) return ['replayed', this.available, before[1]];
    // No member, nothing to spend; no user at all is the instance itself, which has no budget.
    if (op.user !== null && op.user !== this.user) return ['over_budget', 0n, op.n];
    if (op.user !== null && this.budget !== null) {
      const used = this.used.filter(({ at, user }) => at >= this.start && user === op.user);
      const open = [...this.open.values()].filter(({ user }) => user === op.user);
      const spent = used.reduce((sum, { n }) => sum + n, 0n) + open.reduce((sum, { amount }) => sum + amount, 0n);
      if (this.budget - spent < op.n) return ['over_budget', max(this.budget - spent, 0n), op.n];
    }
    if (this.available < op.n) return ['insufficient', this.available, op.n];
    const { n: amount, user } = op;
    const hold: ModelHold = { amount, status: 'pending', expires: op.at + op.ttl, user, charged: 0n, absorbed: 0n };
    this.holds.set(op.id, hold);
    this.open.set(op.id, hold);
    this.holdIds.push(op.id);
    this.held += op.n;
    this.keys.set(op.key, ['ok', op.n, 0n]);
    return ['ok', this.available, op.n];
  }

  private hold(id: string): ModelHold {
    const hold = this.holds.get(id);
    if (hold === undefined) throw new Error(`no hold ${id}`);
    return hold;
  }

  private renew(op: Extract<Operation, { kind: 'renew' }>): Result {
    const hold = this.hold(op.hold);
    if (hold.status !== 'pending') return ['false', 0n, 0n];
    hold.expires = Math.max(hold.expires, op.at + op.ttl);
    return ['true', 0n, 0n];
  }

  private settle(op: Extract<Operation, { kind: 'settle' }>): Result {
    const hold = this.hold(op.hold);
    if (hold.status === 'settled') return ['replayed', hold.charged, hold.absorbed];
    if (hold.status === 'released') return ['released', 0n, 0n];
    const late = hold.status === 'expired';
    const open = late ? 0n : hold.amount;
    this.held -= open;
    const funds = this.monthly + this.bonus + this.overdraft;
    const charged = max(min(op.n, max(funds - this.held, open), funds), 0n);
    const monthly = min(charged, this.monthly);
    this.monthly -= monthly;
    this.bonus -= charged - monthly;
    this.open.delete(op.hold);
    Object.assign(hold, { status: 'settled', charged, absorbed: op.n - charged });
    this.calls.set(op.call, { monthly, bonus: charged - monthly, at: op.at, user: hold.user, refunded: false });
    this.callIds.push(op.call);
    this.used.push({ at: op.at, n: charged, user: hold.user });
    return [late ? 'late' : 'ok', charged, op.n - charged];
  }

  private close(op: Extract<Operation, { kind: 'release' | 'expire' }>): Result {
    const hold = this.hold(op.hold);
    if (hold.status !== 'pending' || (op.kind === 'expire' && hold.expires > op.at)) return ['closed', 0n, 0n];
    hold.status = op.kind === 'expire' ? 'expired' : 'released';
    this.open.delete(op.hold);
    this.held -= hold.amount;
    return ['ok', 0n, 0n];
  }

  private grant(op: Extract<Operation, { kind: 'grant' }>): Result {
    if (this.keys.has(op.key)) return ['replayed', this.monthly + this.bonus, 0n];
    if (op.n < 0n && -op.n > min(this.bonus, this.available)) return ['insufficient', this.monthly + this.bonus, 0n];
    const repaid = op.entry === 'topup_purchase' ? min(this.owed, op.n) : 0n;
    this.bonus += op.n - repaid;
    this.owed -= repaid;
    this.keys.set(op.key, ['ok', op.n, 0n]);
    return ['ok', this.monthly + this.bonus, repaid];
  }

  private clawBack(op: Extract<Operation, { kind: 'clawback' }>): Result {
    const before = this.keys.get(op.key);
    if (before !== undefined) return ['replayed', before[1], before[2]];
    const taken = min(op.n, max(min(this.bonus, this.available), 0n));
    this.bonus -= taken;
    this.owed += op.n - taken;
    this.keys.set(op.key, ['ok', taken, op.n - taken]);
    return ['ok', taken, op.n - taken];
  }

  private refund(op: Extract<Operation, { kind: 'refund' }>): Result {
    const call = this.calls.get(op.call);
    if (call === undefined) return ['not_found', 0n, 0n];
    const amount = call.monthly + call.bonus;
    if (call.refunded) return ['replayed', amount, 0n];
    call.refunded = true;
    if (call.at >= this.start) {
      this.monthly += call.monthly;
      this.bonus += call.bonus;
      this.used.push({ at: op.at, n: -amount, user: call.user });
    } else this.bonus += amount;
    return ['ok', amount, 0n];
  }

  private upgrade(op: Extract<Operation, { kind: 'upgrade' | 'move' }>): Result {
    const before = this.keys.get(op.key);
    if (before !== undefined) return ['replayed', before[1], 0n];
    const plan = this.planOf(op.plan);
    const adjusted = plan.monthly - this.planOf(this.plan).monthly;
    if (adjusted <= 0n) return ['not_an_upgrade', 0n, 0n];
    this.monthly += adjusted;
    if (!this.welcomed.has(op.plan)) this.bonus += plan.welcome;
    this.welcomed.add(op.plan);
    this.plan = op.plan;
    this.pendingPlan = null;
    this.keys.set(op.key, ['ok', adjusted, 0n]);
    return ['ok', adjusted, 0n];
  }

  private move(op: Extract<Operation, { kind: 'upgrade' | 'move' }>): Result {
    const before = this.keys.get(op.key);
    if (before !== undefined) return ['replayed', before[1], 0n];
    const kept = min(this.monthly, max(this.planOf(op.plan).monthly, this.held - this.bonus));
    const adjusted = kept - this.monthly;
    this.monthly = kept;
    this.plan = op.plan;
    this.pendingPlan = null;
    this.keys.set(op.key, ['ok', adjusted, 0n]);
    return ['ok', adjusted, 0n];
  }

  private schedule(op: Extract<Operation, { kind: 'schedule' }>): Result {
    if (op.plan !== null && this.planOf(op.plan).monthly >= this.planOf(this.plan).monthly)
      return ['not_a_downgrade', 0n, 0n];
    this.pendingPlan = op.plan;
    this.pendingFrom = this.end;
    return ['ok', 0n, 0n];
  }

  private reset(op: Extract<Operation, { kind: 'reset' }>): Result {
    if (op.start === null && this.end > op.at) return ['not_due', 0n, 0n];
    const start = op.start ?? this.end + Math.floor((op.at - this.end) / this.periodMs) * this.periodMs;
    const end = op.end ?? start + this.periodMs;
    if (start <= this.start) {
      if (start === this.start && end > start) {
        if (this.pendingFrom === this.end) this.pendingFrom = end;
        this.end = end;
      }
      return ['replayed', 0n, 0n];
    }
    if (this.pendingPlan !== null && this.pendingFrom <= start) {
      this.plan = this.pendingPlan;
      this.pendingPlan = null;
    }
    [this.start, this.end] = [start, end];
    this.used = this.used.filter(({ at }) => at >= start);
    this.monthly = this.planOf(this.plan).monthly;
    return ['ok', 0n, 0n];
  }
}
