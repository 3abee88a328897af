import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listPackages } from '@/server/billing/plans/list-offers';
import { auditLedger } from '@/server/credits/ledger/audit';
import { quoteCall } from '@/server/models/access/quote-call';
import { dollars, nanoDollars } from '@/server/models/catalogue/schema-operator';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { startQueue, stopQueue, work } from '@/server/platform/queue';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { appRouter } from './root';
import { createCaller } from './trpc';

let database: Database;
let mine: { organizationId: string; userId: string };
const as = (email: string) =>
  createCaller(appRouter)({ requestId: 'test', caller: { ...mine, email, role: 'member' } }).operator;

beforeAll(async () => {
  process.env.OPERATOR_EMAILS = 'Root@Example.test';
  resetEnv();
  database = await testDb();
  await startQueue();
  mine = await seedOrganization(database);
});
afterAll(async () => {
  delete process.env.OPERATOR_EMAILS;
  resetEnv();
  setClockOffset(0);
  await stopQueue();
  await closeTestDb();
});

it('the operator’s pages do not exist for others, owners included', async () => {
  await expect(as('owner@example.test').models()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect((await as('root@example.test').models()).length).toBeGreaterThan(5);
});

describe('a corrected price', () => {
  it('changes the next quote from its moment on, and no row that was', async () => {
    const operator = as('root@example.test');
    const modelRef = 'openai:gpt-5';
    const quote = () => quoteCall(database.prisma, { role: 'implement', quality: 'enhanced', modelRef });
    const before = await quote();
    const old = await database.prisma.modelPrice.findMany({ where: { modelRowId: modelRef } });
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await operator.addPrice({ modelRef, input: '12.5', output: '100', cached: '1.25', effectiveFrom: tomorrow });
    expect(await quote()).toEqual(before);
    setClockOffset(2 * 86_400_000);
    expect((await quote()).p50).toBe(before.p50 * 10n);
    setClockOffset(0);
    const rows = await database.prisma.modelPrice.findMany({
      where: { modelRowId: modelRef },
      orderBy: { effectiveFrom: 'asc' },
    });
    expect(rows.slice(0, -1)).toEqual(old);
    await expect(
      operator.addPrice({ modelRef, input: '1', output: '1', cached: '1', effectiveFrom: tomorrow }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(
      operator.addPrice({ modelRef, input: '1', output: '1', cached: '1', effectiveFrom: '2020-01-01T00:00:00Z' }),
    ).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(operator.addPrice({ modelRef, input: '-1', output: '1', cached: '1' })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    await expect(
      database.prisma.modelPrice.update({ where: { id: rows[0]?.id ?? '' }, data: { inputPerMillion: 1n } }),
    ).rejects.toThrow(/append-only/);
  });

  it('leaves what is not named as it was: images keep their price', async () => {
    const operator = as('root@example.test');
    const modelRef = 'google:gemini-2.5-flash';
    const at = (day: number) => new Date(Date.parse('2030-01-01T00:00:00Z') + day * 86_400_000);
    const price = { modelRef, input: '1', output: '2', cached: '0.1' };
    const added = (day: number, more: object = {}) =>
      operator.addPrice({ ...price, ...more, effectiveFrom: at(day).toISOString() });
    await added(1, { imageIn: '0.002', imageOut: '0.04' });
    await added(9, { imageIn: '0.009' });
    // Between the two: it follows the row before it, and names one of the images.
    expect(await added(5, { imageOut: '0.05' })).toEqual({ effectiveFrom: at(5), atOnce: false, until: at(9) });
    await added(12);
    const rows = await database.prisma.modelPrice.findMany({
      where: { modelRowId: modelRef, effectiveFrom: { gte: at(0) } },
      orderBy: { effectiveFrom: 'asc' },
    });
    expect(rows.map(({ imageInPerUnit, imageOutPerUnit }) => [imageInPerUnit, imageOutPerUnit])).toEqual([
      [2_000_000n, 40_000_000n],
      [2_000_000n, 50_000_000n],
      [9_000_000n, 40_000_000n],
      [9_000_000n, 40_000_000n],
    ]);
  });

  it('without a date applies at once, and the answer says so', async () => {
    const operator = as('root@example.test');
    const modelRef = 'google:gemini-2.5-pro';
    const quote = () => quoteCall(database.prisma, { role: 'implement', quality: 'enhanced', modelRef });
    const before = await quote();
    const added = await operator.addPrice({ modelRef, input: '12.5', output: '100', cached: '1.25' });
    expect(added).toEqual({ effectiveFrom: expect.any(Date), atOnce: true, until: null });
    expect(added.effectiveFrom.getTime()).toBeLessThanOrEqual(Date.now());
    expect((await quote()).p50).toBe(before.p50 * 10n);
  });

  it('is read exactly', () => {
    expect(['1.25', '0.000000001', '12', '999999.999999999'].map(nanoDollars)).toEqual([
      1_250_000_000n,
      1n,
      12_000_000_000n,
      999_999_999_999_999n,
    ]);
    expect([1_250_000_000n, 1n, 12_000_000_000n].map(dollars)).toEqual(['1.25', '0.000000001', '12.00']);
  });
});

describe('a manual adjustment', () => {
  it('has one effect a request, a reason, and a place in the audit', async () => {
    const operator = as('root@example.test');
    const input = {
      organizationId: mine.organizationId,
      amountMicro: 5_000_000n,
      reason: 'outage on Monday',
      requestId: crypto.randomUUID(),
    };
    await Promise.all([operator.adjust(input), operator.adjust(input)]);
    const entries = await database.prisma.creditEntry.findMany({
      where: { organizationId: mine.organizationId, note: input.reason },
    });
    expect(entries).toEqual([
      expect.objectContaining({ kind: 'manual_adjustment', amount: 5_000_000n, userId: mine.userId }),
    ]);
    expect(await database.prisma.auditEvent.count({ where: { action: 'credits.adjusted' } })).toBe(1);
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('is not another one under the same request: that is refused, and nothing changes', async () => {
    const operator = as('root@example.test');
    const other = await seedOrganization(database);
    const input = {
      organizationId: mine.organizationId,
      amountMicro: 2_000_000n,
      reason: 'outage on Tuesday',
      requestId: crypto.randomUUID(),
    };
    const first = await operator.adjust(input);
    expect(first.replayed).toBe(false);
    for (const change of [
      { amountMicro: 2_000_001n },
      { amountMicro: -2_000_000n },
      { reason: 'outage on Friday' },
      { organizationId: other.organizationId },
    ]) {
      await expect(operator.adjust({ ...input, ...change })).rejects.toMatchObject({
        code: 'CONFLICT',
        cause: { code: 'duplicate_request', details: { requestId: input.requestId } },
      });
    }
    expect(await operator.adjust(input)).toEqual({ ...first, replayed: true });
    expect(
      await database.prisma.creditEntry.count({ where: { note: { contains: 'outage on' }, amount: { gt: 0 } } }),
    ).toBe(2);
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('of two at once under one request, for two accounts, is one', async () => {
    const operator = as('root@example.test');
    const other = await seedOrganization(database);
    const input = { amountMicro: 3_000_000n, reason: 'outage at once', requestId: crypto.randomUUID() };
    const results = await Promise.allSettled(
      [mine, other].map(({ organizationId }) => operator.adjust({ ...input, organizationId })),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { cause: { code: 'duplicate_request' } },
    });
    expect(await database.prisma.creditEntry.count({ where: { note: input.reason } })).toBe(1);
  });

  it('that took credits is replayed also when there are fewer now', async () => {
    const operator = as('root@example.test');
    const { organizationId } = await seedOrganization(database, { bonusMicro: 5_000_000n });
    const input = { organizationId, amountMicro: -4_000_000n, reason: 'granted twice', requestId: crypto.randomUUID() };
    const first = await operator.adjust(input);
    expect(await operator.adjust(input)).toEqual({ ...first, replayed: true });
    await expect(operator.adjust({ ...input, requestId: crypto.randomUUID() })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('takes no more than there is, and nothing without a reason', async () => {
    const operator = as('root@example.test');
    const input = {
      organizationId: mine.organizationId,
      amountMicro: -9_000_000_000n,
      reason: 'a mistake',
      requestId: crypto.randomUUID(),
    };
    await expect(operator.adjust(input)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(operator.adjust({ ...input, amountMicro: 1n, reason: ' ' })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    await expect(operator.adjust({ ...input, amountMicro: 0n })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(operator.adjust({ ...input, organizationId: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await auditLedger(database.prisma)).toEqual([]);
  });
});

it('a package is added after the others, once a name, and can be bought', async () => {
  const operator = as('root@example.test');
  const offer = { name: 'Huge', creditsMicro: 5_000_000_000n, priceUsdCents: 19_900, popular: false, active: true };
  const double = await Promise.allSettled([1, 2, 3, 4].map(() => operator.addPackage(offer)));
  expect(double.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const { packages } = await operator.catalogue();
  expect(packages.at(-1)).toMatchObject(offer);
  expect((await operator.catalogue()).packages).toHaveLength(packages.length);
  expect((await listPackages()).map(({ name }) => name)).toContain('Huge');
  await expect(operator.addPackage({ ...offer, name: ' huge ' })).rejects.toMatchObject({ code: 'CONFLICT' });
  for (const wrong of [{ name: ' ' }, { creditsMicro: 0n }, { creditsMicro: -1n }, { priceUsdCents: 49 }])
    await expect(operator.addPackage({ ...offer, name: 'Other', ...wrong })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  await expect(operator.updatePackage({ id: 'starter', name: 'HUGE' })).rejects.toMatchObject({ code: 'CONFLICT' });
  expect((await operator.catalogue()).packages).toEqual(packages);
  expect(await database.prisma.auditEvent.count({ where: { action: 'package.added' } })).toBe(1);
});

it('packages and plans are edited, with an audit line each', async () => {
  const operator = as('root@example.test');
  await operator.updatePackage({ id: 'starter', priceUsdCents: 1099 });
  await operator.updatePlan({ id: 'pro', monthlyMicro: 600_000_000n });
  const { packages, plans } = await operator.catalogue();
  expect(packages.find(({ id }) => id === 'starter')).toMatchObject({
    priceUsdCents: 1099,
    creditsMicro: 100_000_000n,
  });
  expect(plans.find(({ id }) => id === 'pro')).toMatchObject({ monthlyMicro: 600_000_000n, priceUsdCents: 2900 });
  await expect(operator.updatePackage({ id: 'nothing', active: false })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(
    await database.prisma.auditEvent.count({ where: { action: { in: ['package.updated', 'plan.updated'] } } }),
  ).toBe(2);
});

it('jobs are listed with their next run, and sent to a worker on demand', async () => {
  const operator = as('root@example.test');
  const job = (await operator.jobs()).find(({ name }) => name === 'ledger.reconcile');
  expect(job?.nextRunAt.getTime()).toBeGreaterThan(Date.now());
  const ran = new Promise<void>((resolve) => {
    void work('ledger.reconcile', 1, async () => resolve());
  });
  await operator.runJob({ name: 'ledger.reconcile' });
  await ran;
  expect(await operator.audit()).toEqual({ differences: [] });
  expect((await operator.accounts({ search: mine.organizationId })).accounts[0]).toMatchObject({
    id: mine.organizationId,
    planId: 'free',
  });
});
