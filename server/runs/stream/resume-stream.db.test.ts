import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, inTx } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { appendEvents } from './event-log';
import { tailEvents } from './resume-stream';
import { RUN_LIMITS } from './run-limits';

let database: Database;
let scope: { organizationId: string; projectId: string };

beforeAll(async () => {
  // One test cuts a connection, which is warned of.
  process.env.LOG_LEVEL = 'fatal';
  resetEnv();
  database = await testDb();
});
afterAll(closeTestDb);

async function newProject(): Promise<void> {
  const { organizationId } = await seedOrganization(database);
  scope = { organizationId, projectId: newId() };
  await database.prisma.project.create({
    data: { id: scope.projectId, organizationId, title: 'Tail', description: 'Tail' },
  });
}

/** Reads the project's events as they come; `seen` holds each delta with the time it was read. */
function follow() {
  const end = new AbortController();
  const seen: { delta: string; at: number }[] = [];
  const reading = (async () => {
    for await (const { payload } of tailEvents({ ...scope, afterSeq: 0, signal: end.signal }))
      if (payload.type === 'text-delta') seen.push({ delta: payload.delta, at: Date.now() });
  })();
  return {
    seen,
    stop: async () => {
      end.abort();
      await reading;
    },
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const delta = (text: string) => ({ type: 'text-delta' as const, id: 'm', delta: text });

it('a tail gives every event once, in order, to each of its readers', async () => {
  await newProject();
  const [one, two] = [follow(), follow()];
  for (let batch = 0; batch < 20; batch++)
    await inTx((tx) => appendEvents(tx, scope, [delta(`${batch}a`), delta(`${batch}b`)]));
  const all = Array.from({ length: 20 }, (_, batch) => [`${batch}a`, `${batch}b`]).flat();
  await until(() => one.seen.length >= 40 && two.seen.length >= 40, '40 events at both readers');
  for (const { seen } of [one, two]) expect(seen.map((event) => event.delta)).toEqual(all);
  await one.stop();
  await two.stop();
});

it('writers at the same time get numbers without a gap', async () => {
  await newProject();
  const writers = Array.from({ length: 8 }, (_, writer) =>
    Promise.all(
      Array.from({ length: 5 }, (_unused, turn) =>
        inTx((tx) => appendEvents(tx, scope, [delta(`${writer}.${turn}.1`), delta(`${writer}.${turn}.2`)])),
      ),
    ),
  );
  await Promise.all(writers);
  const rows = await database.prisma.runEvent.findMany({
    where: { projectId: scope.projectId },
    orderBy: { seq: 'asc' },
    select: { seq: true },
  });
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
});

const needsNative = 'needs TEST_DATABASE_URL: the embedded database has one process';
describe.skipIf(!process.env.TEST_DATABASE_URL)(`events of another process (${needsNative})`, () => {
  /** Appends `first`, then after each line on its input another piece, and prints when each was committed. */
  function startWriter() {
    const code = `
      import { createInterface } from 'node:readline';
      import { closeDatabase, inTx, openDatabase } from './server/platform/db.ts';
      import { appendEvents } from './server/runs/stream/event-log.ts';
      await openDatabase();
      console.log('ready');
      for await (const line of createInterface({ input: process.stdin })) {
        await inTx((tx) => appendEvents(tx, ${JSON.stringify(scope)}, [{ type: 'text-delta', id: 'm', delta: line }]));
        console.log(line + ' ' + Date.now());
      }
      await closeDatabase();`;
    const url = database.pool?.options.connectionString ?? '';
    const child = spawn(
      process.execPath,
      ['--import', './scripts/register.mjs', '--input-type=module', '--eval', code],
      { env: { ...process.env, DATABASE_URL: url, LOG_LEVEL: 'error' }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    return { child, lines: () => output.split('\n').slice(0, -1) };
  }

  it('arrive by the notice, in well under the poll interval', async () => {
    await newProject();
    const reader = follow();
    const writer = startWriter();
    try {
      await until(() => writer.lines().length === 1, 'the other process is up');
      const delays: number[] = [];
      for (let piece = 0; piece < 12; piece++) {
        writer.child.stdin.write(`${piece}\n`);
        await until(() => reader.seen.some((event) => event.delta === `${piece}`), `piece ${piece} was read`);
        await until(() => writer.lines().length === piece + 2, `piece ${piece} was reported`);
        const committed = Number(writer.lines().at(-1)?.split(' ')[1]);
        delays.push((reader.seen.find((event) => event.delta === `${piece}`)?.at ?? 0) - committed);
      }
      // The first may come before the connection listens.
      const sorted = delays.slice(1).sort((a, b) => a - b);
      // By polling alone the median would be half the interval, however quick the machine is.
      expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(RUN_LIMITS.tailPollListeningMs / 8);
    } finally {
      await reader.stop();
      writer.child.kill();
    }
  }, 60_000);

  it('still arrive when the listening connection was cut, and the connection comes back', async () => {
    await newProject();
    const reader = follow();
    const listeners = () =>
      database.prisma.$queryRaw<{ pid: number }[]>`
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`;
    try {
      const before = await waitFor(listeners, (rows) => rows.length === 1);
      await database.prisma.$executeRaw`SELECT pg_terminate_backend(${before[0]?.pid ?? 0}::int)`;
      await inTx((tx) => appendEvents(tx, scope, [delta('after the cut')]));
      await until(() => reader.seen.length === 1, 'the event after the cut');
      const after = await waitFor(listeners, (rows) => rows.length === 1 && rows[0]?.pid !== before[0]?.pid);
      expect(after).toHaveLength(1);
    } finally {
      await reader.stop();
    }
  }, 60_000);
});

async function waitFor<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`not in time, last: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
