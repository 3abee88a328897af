import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { ModelAccount, type ModelPlan } from '@/test/ledger-model';
import type { Operation } from '@/test/ledger-operation';
import { randomOf } from '@/test/random';
import { suiteSize } from '@/test/suite-size';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { auditLedger } from './audit';
import { PERIOD_MS } from './ledger';

const OPERATIONS = suiteSize(20_000, 100_000);
/** Operations a statement: each is still one call of a ledger function. */
const BATCH = 100;
const AUDIT_EVERY = OPERATIONS / 10;
const OFTEN = OPERATIONS / 5_000;
const HOUR = 3_600_000;

const PLANS: [string, ModelPlan][] = [
  ['small', { monthly: 1_000n, welcome: 0n }],
  ['middle', { monthly: 5_000n, welcome: 500n }],
  ['large', { monthly: 20_000n, welcome: 700n }],
];

/** Calls the ledger's functions in turn, and says after each what it returned and what the account then looks like. */
const APPLY = `
CREATE FUNCTION apply_operations(ops jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE op jsonb; o text; x bigint; y bigint; at timestamptz; org text; id text := ''; n bigint; until timestamptz;
BEGIN
  FOR op IN SELECT value FROM jsonb_array_elements(ops) LOOP
    at := to_timestamp((op->>'at')::bigint / 1000.0)::timestamptz(3);
    org := op->>'org'; n := (op->>'n')::bigint; x := 0; y := 0;
    until := at + make_interval(secs => (op->>'ttl')::bigint / 1000.0);
    CASE op->>'kind'
      WHEN 'reserve' THEN SELECT r.outcome, r.available, r.hold_amount INTO o, x, y FROM ledger_reserve(op->>'id', org, n, op->>'key', at,
        until, NULL, NULL, NULL, op->>'user', NULL) r;
      WHEN 'renew' THEN SELECT r::text INTO o FROM ledger_renew_hold(org, op->>'hold', until) r;
      WHEN 'settle' THEN SELECT r.outcome, r.charged, r.absorbed INTO o, x, y FROM ledger_settle(gen_random_uuid()::text, org, op->>'hold', n, NULL,
        op->>'call', NULL, NULL, NULL, at) r;
      WHEN 'release' THEN o := ledger_close_hold(org, op->>'hold', 'released', at);
      WHEN 'expire' THEN o := ledger_close_hold(org, op->>'hold', 'expired', at);
      WHEN 'grant' THEN SELECT r.outcome, r.balance_after, r.repaid INTO o, x, y FROM ledger_grant(gen_random_uuid()::text, org,
        (op->>'entry')::"CreditEntryKind", n, 'bonus', op->>'key', NULL, NULL, NULL, at) r;
      WHEN 'clawback' THEN SELECT r.outcome, r.taken, r.owed INTO o, x, y FROM ledger_claw_back(gen_random_uuid()::text, org, n, op->>'key', NULL, NULL, NULL, at) r;
      WHEN 'refund' THEN SELECT r.outcome, r.refunded INTO o, x FROM ledger_refund_usage(gen_random_uuid()::text, org, op->>'call', NULL, at) r;
      WHEN 'upgrade' THEN SELECT r.outcome, r.adjusted INTO o, x FROM ledger_upgrade(gen_random_uuid()::text, gen_random_uuid()::text, org, op->>'plan', op->>'key', NULL, at) r;
      WHEN 'move' THEN SELECT r.outcome, r.adjusted INTO o, x FROM ledger_move_plan(gen_random_uuid()::text, org, op->>'plan', op->>'key', 'test', at) r;
      WHEN 'schedule' THEN SELECT r.outcome INTO o FROM ledger_schedule_plan(org, op->>'plan', at) r;
      WHEN 'reset' THEN o := ledger_reset(gen_random_uuid()::text, gen_random_uuid()::text, org, to_timestamp((op->>'start')::bigint / 1000.0),
        to_timestamp((op->>'end')::bigint / 1000.0), ${PERIOD_MS}, at);
    END CASE;
    -- The call that was charged, as the product keeps it in the same transaction.
    IF op->>'kind' = 'settle' AND o IN ('ok', 'late') THEN
      INSERT INTO "ModelCall" ("id", "organizationId", "role", "capability", "quality", "modelRowId", "modelLabel", "holdId", "idempotencyKey",
        "promptVersion", "chargedMicro", "status")
      VALUES (op->>'call', org, 'ask', 'ask', 'fast', 'demo:demo', 'Demo', op->>'hold', op->>'call', 'test', x, 'succeeded');
    END IF;
    RETURN QUERY SELECT concat_ws(' ', o, x, y, b."monthly", b."bonus", b."held", b."owed", p."planId", coalesce(p."pendingPlanId", '-'),
      floor(extract(epoch FROM b."periodStart") * 1000)::bigint, floor(extract(epoch FROM p."periodEnd") * 1000)::bigint)
      FROM "CreditBalance" b JOIN "OrganizationPlan" p USING ("organizationId") WHERE b."organizationId" = org;
  END LOOP;
END $$`;

/** Draws operations that make sense for an account, and some that do not: closed holds, used keys, periods that are over. */
class Generator {
  private readonly pick;
  private serial = 0;
  private readonly sent: Operation[] = [];

  constructor(
    seed: number,
    private clock: number,
    private readonly accounts: readonly (readonly [string, ModelAccount])[],
  ) {
    this.pick = randomOf(seed);
  }

  private id(): string {
    return `op-${++this.serial}`;
  }

  /** Of the newest twenty: old ones are closed and would make most operations void. */
  private recent(all: readonly string[]): string {
    return all.at(-1 - this.pick(Math.min(all.length, 20))) ?? '';
  }

  next(): readonly [ModelAccount, Operation] {
    const entry = this.accounts[this.pick(this.accounts.length)];
    if (entry === undefined) throw new Error('no accounts');
    const [org, account] = entry;
    this.clock += this.pick(this.pick(40) === 0 ? 200 * HOUR : HOUR / 2);
    const op = { ...this.draw(account), at: this.clock, org } as Operation;
    // A retry: the same keys, later.
    const again = this.pick(25) === 0 ? this.sent.findLast((old) => old.org === org && 'key' in old) : undefined;
    if (again !== undefined) return [account, { ...again, at: this.clock }];
    if (this.sent.push(op) > 200) this.sent.shift();
    return [account, op];
  }

  private draw(account: ModelAccount) {
    const { pick } = this;
    const plan = PLANS[pick(PLANS.length)]?.[0] ?? '';
    const key = this.id();
    const die = pick(100);
    if (account.holdIds.length === 0 || die < 28) {
      const user = [account.user, 'another', null][pick(3)];
      return { kind: 'reserve', id: this.id(), key, n: BigInt(1 + pick(900)), ttl: 1 + pick(72 * HOUR), user };
    }
    const hold = this.recent(account.holdIds);
    if (die < 34) return { kind: 'renew', hold, ttl: 1 + pick(72 * HOUR) };
    if (die < 54) return { kind: 'settle', hold, n: BigInt(pick(1_200)), call: this.id() };
    if (die < 59) return { kind: 'release', hold };
    // The stale-hold job takes the oldest; without it, forgotten holds would pile up until nothing is free.
    if (die < 68) return { kind: 'expire', hold: pick(4) === 0 ? hold : (account.oldestOpen() ?? hold) };
    if (die < 75) return { kind: 'refund', call: this.recent(account.callIds) };
    if (die < 82) return { kind: 'grant', entry: 'topup_purchase', n: BigInt(1 + pick(1_500)), key };
    if (die < 84) return { kind: 'grant', entry: 'promo_bonus', n: BigInt(pick(50)), key };
    if (die < 86) return { kind: 'grant', entry: 'manual_adjustment', n: BigInt(pick(3_000) - 2_700), key };
    if (die < 90) return { kind: 'clawback', n: BigInt(1 + pick(1_600)), key };
    if (die < 92) return { kind: 'upgrade', plan, key };
    if (die < 94) return { kind: 'schedule', plan: pick(3) === 0 ? null : plan };
    if (die < 96) return { kind: 'move', plan, key };
    if (die < 98) return { kind: 'reset', start: null, end: null };
    const start = [account.end, account.start, account.start - PERIOD_MS][pick(3)] ?? 0;
    return { kind: 'reset', start, end: start + PERIOD_MS + pick(2) * 24 * HOUR };
  }
}

describe('the ledger against a simple model of it', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDb();
    await database.prisma.$executeRawUnsafe(APPLY);
    for (const [id, plan] of PLANS)
      await database.prisma.plan.create({
        data: { id, name: id, monthlyMicro: plan.monthly, welcomeMicro: plan.welcome },
      });
  });
  afterAll(closeTestDb);

  async function account(overdraft: bigint, budget: bigint | null): Promise<readonly [string, ModelAccount]> {
    const { organizationId, userId } = await seedOrganization(database, { monthlyMicro: 1_000n, planId: 'small' });
    const { prisma } = database;
    const where = { organizationId };
    await prisma.creditBalance.update({ where, data: { overdraftLimit: overdraft } });
    await prisma.membership.updateMany({ where, data: { monthlyBudgetMicro: budget } });
    const { periodStart, periodEnd } = await prisma.creditBalance.findUniqueOrThrow({ where });
    const [start, end] = [periodStart.getTime(), periodEnd.getTime()];
    return [
      organizationId,
      new ModelAccount(new Map(PLANS), PERIOD_MS, 1_000n, 'small', start, end, overdraft, budget, userId),
    ];
  }

  it(`agrees over ${OPERATIONS} operations with a moving clock, after each one`, async () => {
    const accounts = [
      await account(0n, null),
      await account(0n, 3_000n),
      await account(400n, null),
      await account(150n, 1_500n),
    ];
    const generator = new Generator(20261121, Date.now(), accounts);
    const outcomes: Record<string, number> = {};
    for (let done = 0; done < OPERATIONS; done += BATCH) {
      const operations: Operation[] = [];
      const expected: string[] = [];
      for (let i = 0; i < BATCH; i++) {
        const [model, op] = generator.next();
        const result = model.apply(op);
        const { monthly, bonus, held, owed, plan, pendingPlan, start, end } = model;
        operations.push(op);
        expected.push([...result, monthly, bonus, held, owed, plan, pendingPlan ?? '-', start, end].join(' '));
        const name = `${op.kind} ${result[0]}`;
        outcomes[name] = (outcomes[name] ?? 0) + 1;
      }
      const actual = await applyOperations(operations);
      // The first difference, with its operation: what follows it differs because of it.
      const at = expected.findIndex((line, i) => line !== actual[i]);
      expect([operations[at], actual[at]]).toEqual([operations[at], expected[at]]);
      if (done % AUDIT_EVERY === 0) expect(await auditLedger(database.prisma)).toEqual([]);
    }
    expect(await auditLedger(database.prisma)).toEqual([]);
    expect(Object.keys(outcomes).filter((name) => (outcomes[name] ?? 0) > OFTEN)).toEqual(
      expect.arrayContaining(WANTED),
    );
  }, 600_000);

  async function applyOperations(operations: Operation[]): Promise<string[]> {
    const ops = JSON.stringify(operations, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
    const rows = await database.prisma.$queryRaw<{ state: string }[]>`
      SELECT * FROM apply_operations(${ops}::jsonb) AS state`;
    return rows.map(({ state }) => state);
  }
});

/** The operations must lead to each of these more than `OFTEN` times: a run that never comes there proves little. */
const WANTED = [
  ...['ok', 'replayed', 'insufficient', 'over_budget'].map((outcome) => `reserve ${outcome}`),
  ...['ok', 'late', 'replayed', 'released'].map((outcome) => `settle ${outcome}`),
  ...['ok', 'replayed', 'insufficient'].map((outcome) => `grant ${outcome}`),
  ...['ok', 'replayed'].map((outcome) => `clawback ${outcome}`),
  ...['ok', 'replayed', 'not_an_upgrade'].map((outcome) => `upgrade ${outcome}`),
  ...['ok', 'replayed'].map((outcome) => `move ${outcome}`),
  ...['ok', 'not_a_downgrade'].map((outcome) => `schedule ${outcome}`),
  ...['ok', 'replayed', 'not_due'].map((outcome) => `reset ${outcome}`),
  ...['ok', 'replayed'].map((outcome) => `refund ${outcome}`),
  ...['release ok', 'release closed', 'expire ok', 'expire closed', 'renew true', 'renew false'],
];
