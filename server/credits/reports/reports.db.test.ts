import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { absorbCalls, reserve, settle } from '@/server/credits/ledger/ledger';
import { historyFilterSchema, historyInputSchema } from '@/server/credits/schema';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { CSV_COLUMNS, csvField, exportEntries, sixDecimals } from './export-entries';
import { entriesSql } from './find-entries';
import { listEntries } from './list-entries';
import { readReceipt } from './read-receipt';
import { usageReport } from './usage-report';

let database: Database;
let owner: { organizationId: string; userId: string };
let projectId: string;

beforeAll(async () => {
  database = await testDb();
  owner = await seedOrganization(database);
  projectId = newId();
  await database.prisma.project.create({
    data: {
      id: projectId,
      organizationId: owner.organizationId,
      title: 'Tide, "tables" =SUM(A1)',
      description: 'tides',
    },
  });
  for (let i = 0; i < 3; i++) await spend('demo:demo', 1000n + BigInt(i));
  await spend('openai:gpt-5-mini', 7n);
  const call = await database.prisma.modelCall.findFirstOrThrow({ where: { modelRowId: 'openai:gpt-5-mini' } });
  await absorbCalls(database.prisma, {
    organizationId: owner.organizationId,
    modelCallIds: [call.id],
    note: 'rejected',
  });
});
afterAll(closeTestDb);

async function spend(modelRowId: string, actual: bigint): Promise<void> {
  const { organizationId } = owner;
  const callId = newId();
  const price = await database.prisma.modelPrice.findFirstOrThrow({ where: { modelRowId } });
  const { holdId } = await reserve(database.prisma, {
    organizationId,
    amount: 5000n,
    idempotencyKey: callId,
    ttlMs: 60_000,
    projectId,
  });
  await database.prisma.modelCall.create({
    data: {
      id: callId,
      organizationId,
      projectId,
      role: 'ask',
      capability: 'ask',
      quality: 'fast',
      modelRowId,
      modelLabel: modelRowId,
      priceId: price.id,
      holdId,
      idempotencyKey: callId,
      promptVersion: 'test',
      status: 'succeeded',
      costNano: actual * 10n,
    },
  });
  await settle(database.prisma, { organizationId, holdId, actual, modelCallId: callId });
}

const entries = (filter: object) => listEntries(owner.organizationId, historyInputSchema.parse(filter));

describe('the history', () => {
  it('is filtered by kind, project, model and day', async () => {
    const count = async (filter: object) => (await entries(filter)).entries.length;
    expect(await count({ kind: 'usage' })).toBe(4);
    expect(await count({ model: 'demo:demo' })).toBe(3);
    expect(await count({ model: 'openai:gpt-5-mini' })).toBe(2);
    expect(await count({ projectId, kind: 'usage_refund' })).toBe(1);
    const today = new Date().toISOString().slice(0, 10);
    expect(await count({ from: today, to: today })).toBe(6);
    expect(await count({ to: '2020-01-01' })).toBe(0);
    expect(() => historyInputSchema.parse({ from: '2020-13-01' })).toThrow();
  });

  it('is paged by cursor without a gap or a repeat, with a running balance', async () => {
    const seen: bigint[] = [];
    const ids = new Set<string>();
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof entries>> = await entries({ limit: 2, cursor });
      for (const entry of page.entries) {
        ids.add(entry.id);
        seen.push(entry.balanceAfter);
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(6);
    expect(ids.size).toBe(6);
    expect(seen[0]).toBe(100_000_000n - 3003n);
  });
});

describe('the history of a model with more than 10,000 calls', () => {
  const CALLS = 10_500;
  let busy: { organizationId: string };
  beforeAll(async () => {
    busy = await seedOrganization(database, { monthlyMicro: 0n });
    const { organizationId } = busy;
    // The oldest call is another model's, then one of many calls, then 30 of a third model, which are the newest.
    await database.prisma.$executeRaw`
      INSERT INTO "ModelCall" ("id", "organizationId", "role", "capability", "quality", "modelRowId", "modelLabel", "idempotencyKey", "promptVersion")
      SELECT 'busy-' || n, ${organizationId}, 'ask', 'ask', 'fast',
        CASE WHEN n = 0 THEN 'google:gemini-2.5-flash' WHEN n <= ${CALLS}::int THEN 'demo:demo' ELSE 'openai:gpt-5-mini' END,
        'a model', 'busy-' || n, 'test' FROM generate_series(0, ${CALLS}::int + 30) n`;
    await database.prisma.$executeRaw`
      INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "modelCallId", "idempotencyKey")
      SELECT 'busy-' || n, ${organizationId}, 'usage', -1, -1, 0, -n - 1, 'busy-' || n, 'busy-' || n
      FROM generate_series(0, ${CALLS}::int + 30) n ORDER BY n`;
  }, 60_000);

  const of = (filter: object) => listEntries(busy.organizationId, historyInputSchema.parse(filter));

  it('is complete: the pages go back to the first of them', async () => {
    const first = await database.prisma.creditEntry.findUniqueOrThrow({ where: { id: 'busy-1' } });
    const last = await of({ model: 'demo:demo', cursor: (first.seq + 3n).toString() });
    expect(last.entries.map(({ id }) => id)).toEqual(['busy-3', 'busy-2', 'busy-1']);
    expect(last.nextCursor).toBeNull();
    const newest = await of({ model: 'demo:demo', limit: 2 });
    expect(newest.entries.map(({ id }) => id)).toEqual([`busy-${CALLS}`, `busy-${CALLS - 1}`]);
    // One call among all the others', and the oldest.
    expect((await of({ model: 'google:gemini-2.5-flash' })).entries.map(({ id }) => id)).toEqual(['busy-0']);
    expect((await of({ model: 'openai:gpt-5-mini', kind: 'usage' })).entries).toHaveLength(30);
    expect((await of({ model: 'nobody:calls-this' })).entries).toEqual([]);
  });

  it('is complete as CSV, whatever the page', async () => {
    const lines = new Set<string>();
    const filter = historyFilterSchema.parse({ model: 'demo:demo' });
    let text = '';
    for await (const piece of exportEntries(busy.organizationId, filter)) text += piece;
    for (const line of text.trimEnd().split('\r\n').slice(1)) lines.add(line);
    expect(lines.size).toBe(CALLS);
    expect([...lines].every((line) => line.includes(',demo:demo,'))).toBe(true);
  });

  it('is found by the order of the entries, not by comparing them with all calls', async () => {
    // Plans change with data and version; what must not come back is a loop over all calls for each entry.
    const wanted = { organizationId: busy.organizationId, filter: { model: 'demo:demo' } };
    const query = entriesSql({ ...wanted, page: { before: null, take: 51 } });
    const plan = await database.prisma.$queryRaw<{ 'QUERY PLAN': string }[]>`EXPLAIN ${query}`;
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toMatch(/SubPlan[\s\S]*Index Scan using "ModelCall_pkey"/);
    expect(lines).not.toMatch(/Seq Scan/);
  });
});

it('the report adds up to the ledger', async () => {
  const report = await usageReport(database.prisma, { organizationId: owner.organizationId, days: 7 });
  expect(report.days).toHaveLength(7);
  expect(report.days.at(-1)).toMatchObject({ used: 3003n, absorbed: 7n, calls: 4 });
  expect(report.total).toMatchObject({ used: 3003n, absorbed: 7n });
  expect(report.projects).toEqual([expect.objectContaining({ projectId, used: 3003n, absorbed: 7n })]);
  expect(report.models).toEqual([
    expect.objectContaining({ modelRef: 'demo:demo', calls: 3, used: 3003n, costNano: 30_030n }),
    expect.objectContaining({ modelRef: 'openai:gpt-5-mini', calls: 1, used: 0n, costNano: 70n }),
  ]);
});

it('the report leaves out no project, no model and no task, however many there are', async () => {
  const { organizationId } = await seedOrganization(database, { monthlyMicro: 0n });
  const [SPENT, TASKS] = [15, 40];
  await database.prisma.$executeRaw`
    INSERT INTO "LlmModel" ("id", "provider", "modelId", "label")
    SELECT 'many:' || n, 'many', n::text, 'Model ' || n FROM generate_series(1, ${SPENT}::int) n`;
  await database.prisma.$executeRaw`
    INSERT INTO "Project" ("id", "organizationId", "title", "description", "updatedAt")
    SELECT 'many-' || n, ${organizationId}, 'Project ' || n, 'many', now() FROM generate_series(1, ${SPENT}::int) n`;
  // The last call is of last month; what it cost was booked, late, in these days.
  await database.prisma.$executeRaw`
    INSERT INTO "ModelCall" ("id", "organizationId", "role", "capability", "quality", "modelRowId", "modelLabel", "idempotencyKey", "promptVersion", "createdAt")
    SELECT 'many-' || n, ${organizationId}, 'ask', 'ask', 'fast', 'many:' || n, 'Model ' || n, 'many-' || n, 'test',
      now() - CASE WHEN n = ${SPENT}::int THEN interval '30 days' ELSE interval '0' END FROM generate_series(1, ${SPENT}::int) n`;
  await database.prisma.$executeRaw`
    INSERT INTO "CreditEntry" ("id", "organizationId", "projectId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "modelCallId", "idempotencyKey")
    SELECT 'many-' || n, ${organizationId}, 'many-' || n, 'usage', -n, -n, 0, 0, 'many-' || n, 'many-' || n FROM generate_series(1, ${SPENT}::int) n`;
  await database.prisma.task.createMany({
    data: Array.from({ length: TASKS }, (_, i) => ({
      id: `many-${i}`,
      organizationId,
      projectId: 'many-1',
      key: `T${i}`,
      position: i,
      title: 'task',
      status: 'approved',
      quoteP50Micro: 5n,
      quoteP90Micro: 10n,
      chargedMicro: 7n,
      criteria: [],
      finishedAt: new Date(),
    })),
  });
  const { total, projects, models } = await usageReport(database.prisma, { organizationId, days: 7 });
  const sum = (rows: { used: bigint }[]) => rows.reduce((all, { used }) => all + used, 0n);
  expect(total).toEqual({ used: 120n, absorbed: 0n, quotedP90: 400n, charged: 280n });
  expect([projects.length, sum(projects)]).toEqual([SPENT, total.used]);
  expect([models.length, sum(models)]).toEqual([SPENT, total.used]);
  expect(models[0]).toMatchObject({ modelRef: `many:${SPENT}`, label: `Model ${SPENT}`, calls: 0, used: 15n });
});

describe('a receipt', () => {
  it('leads from the line to its call, price, project and refund', async () => {
    const [refund] = (await entries({ kind: 'usage_refund' })).entries;
    const receipt = await readReceipt({ organizationId: owner.organizationId, entryId: refund?.id ?? '' });
    expect(receipt).toMatchObject({
      entry: { kind: 'usage_refund', amount: 7n, absorbed: 7n },
      call: { modelRef: 'openai:gpt-5-mini', costNano: 70n },
      price: { inputPerMillion: 250_000_000n },
      project: { id: projectId },
      related: [{ kind: 'usage', amount: -7n }],
      hold: { status: 'settled', amount: 5000n },
    });
  });

  it('of another organization is not found', async () => {
    const other = await seedOrganization(database);
    const [mine] = (await entries({ kind: 'usage' })).entries;
    await expect(readReceipt({ organizationId: other.organizationId, entryId: mine?.id ?? '' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('the CSV', () => {
  it('has every entry with six decimals, oldest first, and its amounts add up to the balance', async () => {
    let text = '';
    for await (const piece of exportEntries(owner.organizationId, historyFilterSchema.parse({}))) text += piece;
    const lines = text.trimEnd().split('\r\n');
    expect(lines[0]).toBe(CSV_COLUMNS.join(','));
    expect(lines).toHaveLength(7);
    const credits = lines.slice(1).map((line) => BigInt((line.split(',')[3] ?? '').replace('.', '')));
    expect(credits.reduce((sum, micro) => sum + micro, 0n)).toBe(100_000_000n - 3003n);
    expect(lines[2]).toContain('-0.001000');
    expect(lines[2]).toContain('"Tide, ""tables"" =SUM(A1)"');
  });

  it('never hands a formula to a spreadsheet', () => {
    expect(['=1+1', '+1', '@x', '-2+3', '-1.5', 'a"b', 'two\nlines', 'plain'].map(csvField)).toEqual([
      "'=1+1",
      "'+1",
      "'@x",
      "'-2+3",
      '-1.5',
      '"a""b"',
      '"two\nlines"',
      'plain',
    ]);
  });

  it('writes amounts exactly', () => {
    expect([0n, 1n, -1n, 1_500_000n, -12_345_678_901n].map(sixDecimals)).toEqual([
      '0.000000',
      '0.000001',
      '-0.000001',
      '1.500000',
      '-12345.678901',
    ]);
  });
});
