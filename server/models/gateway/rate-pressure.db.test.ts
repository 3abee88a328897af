import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import type { Database } from '@/server/platform/db';
import { Crew, type Outcomes, seedAccounts, sumOutcomes } from '@/test/pressure';
import { randomOf } from '@/test/random';
import type { DoorCalls } from '@/test/rate-worker';
import { suiteSize } from '@/test/suite-size';
import { closeTestDb, testDb } from '@/test/test-db';

const url = process.env.TEST_DATABASE_URL ?? '';
const PROCESSES = 4;
/** Of each process. */
const CONNECTIONS = 4;
const SEEDS = suiteSize(3, 24);
/** Minutes of one day, one after another. */
const MINUTES = 3;
/** Of all processes to one organization in a minute. */
const CALLS = 48;
const MINUTE = 60_000;
const DAY = 86_400_000;

const plainly = url === '' ? ' (skipped: needs TEST_DATABASE_URL)' : '';
describe.skipIf(url === '')(`rate limits under four processes on native Postgres${plainly}`, () => {
  let database: Database;
  let crew: Crew<DoorCalls>;
  beforeAll(async () => {
    database = await testDb();
  });
  afterAll(closeTestDb);
  beforeEach(async () => {
    const program = new URL('../../../test/rate-worker.ts', import.meta.url);
    crew = await Crew.start<DoorCalls>(database.pool?.options.connectionString ?? '', PROCESSES, CONNECTIONS, program);
  });
  afterEach(() => crew.stop());

  it(`the gateway grants exactly what a minute and a day allow, over ${SEEDS} seeds of ${MINUTES} minutes`, async () => {
    const refusals = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const pick = randomOf(seed);
      const perMinute = 1 + pick(CALLS);
      const perDay = 1 + pick(CALLS * MINUTES);
      await database.prisma.planCapability.update({
        where: { planId_capabilityId: { planId: 'free', capabilityId: 'ask' } },
        data: { requestsPerMinute: perMinute, requestsPerDay: perDay },
      });
      // Two organizations at once: neither takes anything of the other's limit.
      await seedAccounts(database, `rate${seed}`, 2, { monthly: 1_000_000_000n, bonus: 1n });
      const organizations = [1, 2].map((n) => `rate${seed}-${n}`);
      const noon = Math.ceil(Date.now() / DAY) * DAY + DAY / 2;
      let left = perDay;
      for (let minute = 0; minute < MINUTES; minute++) {
        const calls: DoorCalls = {
          at: noon + minute * MINUTE,
          organizations,
          calls: (CALLS * organizations.length) / PROCESSES,
        };
        const outcomes = sumOutcomes(await crew.run(Array.from({ length: PROCESSES }, () => calls)));
        const granted = Math.min(perMinute, left, CALLS);
        left -= granted;
        const refused = left === 0 ? 'day' : 'minute';
        if (granted < CALLS) refusals.add(refused);
        const expected: Outcomes = {};
        for (const id of organizations) {
          if (granted > 0) expected[`${id} ok`] = granted;
          if (granted < CALLS) expected[`${id} rate_limited ${refused}`] = CALLS - granted;
        }
        expect(outcomes, `seed ${seed}: ${perMinute} a minute, ${perDay} a day, minute ${minute}`).toEqual(expected);
      }
      for (const organizationId of organizations) await expectOnRecord(organizationId, perDay - left);
    }
    // Either limit has been the one that refused.
    expect([...refusals].sort()).toEqual(['day', 'minute']);
  }, 300_000);

  /** What was granted is what was counted, called and paid; a refusal left nothing. */
  async function expectOnRecord(organizationId: string, granted: number): Promise<void> {
    const { prisma } = database;
    const where = { organizationId };
    const counters = await prisma.rateCounter.findMany({ where });
    const sum = (kind: string) =>
      counters.filter(({ window }) => window.startsWith(kind)).reduce((total, { count }) => total + count, 0);
    expect([sum('minute:'), sum('day:')]).toEqual([granted, granted]);
    expect(await prisma.modelCall.count({ where: { ...where, status: 'succeeded' } })).toBe(granted);
    expect(await prisma.modelCall.count({ where })).toBe(granted);
    expect(await prisma.creditHold.count({ where })).toBe(granted);
    expect(await prisma.creditEntry.count({ where: { ...where, kind: 'usage' } })).toBe(granted);
    expect(await auditLedger(prisma, organizationId)).toEqual([]);
  }
});
