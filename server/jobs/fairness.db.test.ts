import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { enqueue, slotsOfAGroup, startQueue, stopQueue, work } from '@/server/platform/queue';
import { dispatchRun } from '@/server/runs/engine/dispatch';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';

let database: Database;
beforeAll(async () => {
  database = await testDb();
});
afterAll(closeTestDb);

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('one group never holds every slot, except where there is only one', () => {
  expect([1, 2, 3, 4, 8, 64].map(slotsOfAGroup)).toEqual([1, 1, 2, 3, 6, 48]);
});

it('another organization finds a free slot while one holds all it may, with 50 waiting', async () => {
  await startQueue();
  const busy: string[] = [];
  let most = 0;
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  try {
    await inTx(async (tx) => {
      for (let i = 0; i < 50; i++) await enqueue(tx, 'run.advance', { runId: `many-${i}` }, { group: 'many' });
    });
    await work('run.advance', 4, async ({ runId }) => {
      busy.push(runId);
      most = Math.max(most, busy.filter((id) => id.startsWith('many')).length);
      await gate;
    });
    await until(() => busy.length === 3, 'three of the many run');
    await inTx((tx) => enqueue(tx, 'run.advance', { runId: 'one' }, { group: 'one' }));
    await until(() => busy.includes('one'), 'the one runs beside them');
    expect({ most, started: busy.length }).toEqual({ most: 3, started: 4 });
  } finally {
    open();
    await stopQueue();
    await database.prisma.$executeRaw`DELETE FROM pgboss.job`;
  }
}, 60_000);

it('what fails by the clock waits for the clock: no row of quick retries, also in a queue of an earlier version', async () => {
  await startQueue();
  await database.prisma
    .$executeRaw`UPDATE pgboss.queue SET retry_limit = 20, retry_delay = 1 WHERE name = 'ledger.reconcile'`;
  await stopQueue();
  await startQueue();
  try {
    const rows = await database.prisma.$queryRaw<{ name: string; retry_limit: number; retry_delay: number }[]>`
      SELECT name, retry_limit, retry_delay FROM pgboss.queue WHERE name IN ('ledger.reconcile', 'run.advance') ORDER BY name`;
    expect(rows).toEqual([
      { name: 'ledger.reconcile', retry_limit: 1, retry_delay: 30 },
      { name: 'run.advance', retry_limit: 20, retry_delay: 1 },
    ]);
  } finally {
    await stopQueue();
  }
}, 60_000);

it('organizations take turns: a first run comes before the second of an organization that has many', async () => {
  await startQueue();
  try {
    const queued = async (count: number) => {
      const { organizationId } = await seedOrganization(database);
      const projectId = newId();
      await database.prisma.project.create({
        data: { id: projectId, organizationId, title: 'Fair', description: 'Fair', status: 'implementing' },
      });
      const ids: string[] = [];
      for (let i = 0; i < count; i++) {
        const id = newId();
        await inTx(async (tx) => {
          await tx.run.create({ data: { id, organizationId, projectId } });
          await dispatchRun(tx, { id, organizationId });
        });
        ids.push(id);
      }
      return ids;
    };
    const [many, one, two] = [await queued(50), await queued(1), await queued(2)];
    const order: string[] = [];
    await work('run.advance', 1, async ({ runId }) => {
      order.push(runId);
    });
    await until(() => order.length >= 5, 'five runs were taken');
    expect(order.slice(0, 5)).toEqual([many[0], one[0], two[0], many[1], two[1]]);
  } finally {
    await stopQueue();
  }
}, 60_000);
