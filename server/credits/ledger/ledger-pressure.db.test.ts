import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '@/server/platform/db';
import { Crew, type Outcomes, type PressureCall, seedAccounts, sumOutcomes } from '@/test/pressure';
import { randomOf } from '@/test/random';
import { suiteSize } from '@/test/suite-size';
import { closeTestDb, testDb } from '@/test/test-db';
import { auditLedger } from './audit';
import { PERIOD_MS } from './ledger';

const url = process.env.TEST_DATABASE_URL ?? '';
const PROCESSES = 4;
/** Of each process. */
const CONNECTIONS = 4;
const RACES = suiteSize(200, 1_000);
const RESERVES = 10_000;
const SEEDS = suiteSize(4, 20);

/** Each race runs in all four processes: two of either side, or four of the same. */
interface Race {
  name: string;
  account: Parameters<typeof seedAccounts>[3];
  calls: (organizationId: string) => [string, string, ...(string | null)[]][];
  /** What all four outcomes together may be, and the balance that they then end in. */
  ends: { outcomes: Outcomes; monthly: bigint; bonus: bigint; planId?: string }[];
}

const SETTLE = `SELECT outcome FROM ledger_settle(gen_random_uuid()::text, $1, 'hold-' || $1, $2::bigint, NULL, NULL, NULL, NULL, NULL, now())`;
const EXPIRE = `SELECT ledger_close_hold($1, 'hold-' || $1, 'expired', now() + interval '1 hour') AS outcome, $2::text`;
const RESET = `SELECT ledger_reset(gen_random_uuid()::text, gen_random_uuid()::text, $1, NULL, NULL, $2::bigint, now()) AS outcome`;
const TOP_UP = `SELECT outcome FROM ledger_grant(gen_random_uuid()::text, $1, 'topup_purchase', $2::bigint, 'bonus', 'top-up:' || $1, NULL, NULL, NULL, now())`;
const UPGRADE = `SELECT outcome FROM ledger_upgrade(gen_random_uuid()::text, gen_random_uuid()::text, $1, $2, 'upgrade:' || $1, NULL, now())`;
/** A loop of reserves on the server, each a transaction of its own: no pause for a round trip in which others could go first. */
const RESERVE_MANY = `
CREATE PROCEDURE reserve_many(org text, amount bigint, n int, INOUT outcome text) LANGUAGE plpgsql AS $$
DECLARE o text; ok int := 0; insufficient int := 0;
BEGIN
  FOR i IN 1..n LOOP
    SELECT r.outcome INTO o FROM ledger_reserve(gen_random_uuid()::text, org, amount, gen_random_uuid()::text, now(), now() + interval '1 hour',
      NULL, NULL, NULL, NULL, NULL) r;
    COMMIT;
    IF o = 'ok' THEN ok := ok + 1; ELSIF o = 'insufficient' THEN insufficient := insufficient + 1; ELSE RAISE 'outcome %', o; END IF;
  END LOOP;
  outcome := ok || ' ' || insufficient;
END $$`;
const RESERVE = 'CALL reserve_many($1, $2::bigint, $3::int, NULL)';

const ended = { monthly: 7n, bonus: 5n, ageMs: PERIOD_MS + 3_600_000 };
const period = String(PERIOD_MS);
const races: Race[] = [
  {
    name: 'settle against expiry',
    account: { monthly: 100n, bonus: 50n, hold: 120n },
    calls: (id) => [
      ['settle', SETTLE, id, '110'],
      ['expire', EXPIRE, id, ''],
      ['settle', SETTLE, id, '110'],
      ['expire', EXPIRE, id, ''],
    ],
    ends: [
      { outcomes: { 'settle ok': 1, 'settle replayed': 1, 'expire closed': 2 }, monthly: 0n, bonus: 40n },
      {
        outcomes: { 'settle late': 1, 'settle replayed': 1, 'expire ok': 1, 'expire closed': 1 },
        monthly: 0n,
        bonus: 40n,
      },
    ],
  },
  {
    name: 'reset against top-up',
    account: ended,
    calls: (id) => [
      ['reset', RESET, id, period],
      ['top-up', TOP_UP, id, '300'],
      ['reset', RESET, id, period],
      ['top-up', TOP_UP, id, '300'],
    ],
    ends: [
      {
        outcomes: { 'reset ok': 1, 'reset not_due': 1, 'top-up ok': 1, 'top-up replayed': 1 },
        monthly: 10_000_000n,
        bonus: 305n,
      },
    ],
  },
  {
    name: 'upgrade against reset',
    account: ended,
    calls: (id) => [
      ['upgrade', UPGRADE, id, 'pro'],
      ['reset', RESET, id, period],
      ['upgrade', UPGRADE, id, 'pro'],
      ['reset', RESET, id, period],
    ],
    ends: [
      {
        outcomes: { 'upgrade ok': 1, 'upgrade replayed': 1, 'reset ok': 1, 'reset not_due': 1 },
        monthly: 500_000_000n,
        bonus: 25_000_005n,
        planId: 'pro',
      },
    ],
  },
  {
    name: 'two settles of one hold, twice',
    account: { monthly: 100n, bonus: 50n, hold: 120n },
    calls: (id) => ['90', '95', '90', '95'].map((actual) => [`settle ${actual}`, SETTLE, id, actual]),
    ends: [
      { outcomes: { 'settle 90 ok': 1, 'settle 90 replayed': 1, 'settle 95 replayed': 2 }, monthly: 10n, bonus: 50n },
      { outcomes: { 'settle 95 ok': 1, 'settle 95 replayed': 1, 'settle 90 replayed': 2 }, monthly: 5n, bonus: 50n },
    ],
  },
];

const plainly = url === '' ? ' (skipped: needs TEST_DATABASE_URL)' : '';
describe.skipIf(url === '')(`the ledger under four processes on native Postgres${plainly}`, () => {
  let database: Database;
  let crew: Crew;
  beforeAll(async () => {
    database = await testDb();
    await database.prisma.$executeRawUnsafe(RESERVE_MANY);
  });
  afterAll(closeTestDb);
  // A crew for each test: what is left of one that failed does not answer in the next.
  beforeEach(async () => {
    crew = await Crew.start(database.pool?.options.connectionString ?? '', PROCESSES, CONNECTIONS);
  });
  afterEach(() => crew.stop());

  it(`${RESERVES} concurrent reserves grant exactly floor(balance / amount), over ${SEEDS} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const pick = randomOf(seed);
      const amount = BigInt(1 + pick(5_000));
      const granted = BigInt(pick(RESERVES));
      const balance = granted * amount + BigInt(pick(Number(amount)));
      await seedAccounts(database, `seed${seed}`, 1, { monthly: balance / 3n, bonus: balance - balance / 3n });
      const each = String(RESERVES / PROCESSES / CONNECTIONS);
      const call = { text: RESERVE, values: [`seed${seed}-1`, amount.toString(), each], repeat: CONNECTIONS };
      const outcomes = { ok: 0, insufficient: 0 };
      for (const replies of await crew.run(Array.from({ length: PROCESSES }, () => call))) {
        for (const [counted, times] of Object.entries(replies)) {
          const [ok = 0, insufficient = 0] = counted.split(' ').map(Number);
          outcomes.ok += ok * times;
          outcomes.insufficient += insufficient * times;
        }
      }
      expect(outcomes).toEqual({
        ok: Number(granted),
        insufficient: RESERVES - Number(granted),
      });
      expect(await auditLedger(database.prisma, `seed${seed}-1`)).toEqual([]);
    }
  }, 300_000);

  it.each(races)(
    `$name, ${RACES} times: one effect in any order`,
    async ({ name, account, calls, ends }) => {
      const prefix = name.replaceAll(/[^a-z]/g, '');
      await seedAccounts(database, prefix, RACES, account);
      const pick = randomOf(races.findIndex((race) => race.name === name));
      const orders = new Set<string>();
      for (let n = 1; n <= RACES; n++) {
        const organizationId = `${prefix}-${n}`;
        const sides = calls(organizationId);
        const replies = await crew.run(
          sides.map(([, text, ...values]): PressureCall => ({ text, values, repeat: 1 })),
          pick(PROCESSES),
        );
        const together = sumOutcomes(
          replies.map((reply, at) => ({ [`${sides[at]?.[0]} ${Object.keys(reply).join()}`]: 1 })),
        );
        const at = ends.findIndex(({ outcomes }) => isDeepStrictEqual(outcomes, together));
        expect(at, JSON.stringify(together)).toBeGreaterThanOrEqual(0);
        const { outcomes, ...end } = { planId: 'free', ...ends[at] };
        const { kinds, ...reached } = await endOf(organizationId);
        expect(reached).toEqual({ held: 0n, owed: 0n, ...end });
        orders.add(`${at} ${kinds}`);
        expect(await auditLedger(database.prisma, organizationId)).toEqual([]);
      }
      // A race that always ends the same way was none.
      expect(orders.size).toBeGreaterThan(1);
    },
    300_000,
  );

  /** The balance, and the kinds of its entries in the order they were written. */
  async function endOf(organizationId: string) {
    const [row] = await database.prisma.$queryRaw<
      { monthly: bigint; bonus: bigint; held: bigint; owed: bigint; planId: string; kinds: string }[]
    >`SELECT b."monthly", b."bonus", b."held", b."owed", o."planId",
        (SELECT string_agg(e."kind"::text, ' ' ORDER BY e."seq") FROM "CreditEntry" e WHERE e."organizationId" = b."organizationId") AS kinds
      FROM "CreditBalance" b JOIN "OrganizationPlan" o USING ("organizationId") WHERE b."organizationId" = ${organizationId}`;
    if (row === undefined) throw new Error('no balance');
    return row;
  }
});
