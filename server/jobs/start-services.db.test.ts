import { once } from 'node:events';
import { createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyNativeDatabase } from '@/test/native-database';
import { eventually, type ServerProcess, startProcess } from '@/test/server-process';

/** Milliseconds within which a started process must be ready; reading its TypeScript is not part of it. */
const READY_WITHIN_MS = 15_000;

const native = process.env.TEST_DATABASE_URL ?? '';
describe.skipIf(native === '')('web processes on one database (needs TEST_DATABASE_URL)', () => {
  let url: string;
  let drop: () => Promise<void>;
  const started: ServerProcess[] = [];
  beforeAll(async () => {
    ({ url, drop } = await emptyNativeDatabase(native));
  });
  afterAll(async () => {
    await Promise.all(started.map((web) => web.end('SIGKILL')));
    await drop();
  });

  /** Starts one and waits until it is ready. @returns it, and how long that took */
  async function startWeb() {
    const web = startProcess('test/web-process.ts', { DATABASE_URL: url });
    started.push(web);
    await web.says(/loaded/);
    const startedAt = Date.now();
    const address = `http://127.0.0.1:${await web.says(/listens on (\d+)/, READY_WITHIN_MS)}`;
    await eventually(
      async () => ((await fetch(address)).ok ? true : null),
      READY_WITHIN_MS,
      () => `ready:\n${web.output()}`,
    );
    const tookMs = Date.now() - startedAt;
    keepBusy(address);
    return { web, tookMs };
  }

  /** Requests without a pause from now on, so that no session of its pool is idle for long; ends with the process. */
  function keepBusy(address: string): void {
    const again = (): Promise<void> =>
      fetch(address)
        .then((answer) => answer.text())
        .then(again);
    // It was ended by the test: the connection is refused.
    for (let i = 0; i < 6; i++) again().catch(() => undefined);
  }

  it('two that start together on an empty database, and one that restarts, are ready in time while each that is ready has traffic', async () => {
    const [stays, leaves] = await Promise.all([startWeb(), startWeb()]);
    console.log(`both ready after ${stays.tookMs} and ${leaves.tookMs} ms`);
    expect(Math.max(stays.tookMs, leaves.tookMs)).toBeLessThan(READY_WITHIN_MS);

    await leaves.web.end('SIGTERM');
    const { tookMs } = await startWeb();
    console.log(`restarted after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(READY_WITHIN_MS);
  }, 120_000);
});

describe.skipIf(native === '')('a process killed while it migrates (needs TEST_DATABASE_URL)', () => {
  it('leaves a database that the next one brings up to date, also while the server is still at the dead one’s script', async () => {
    const { url, drop } = await emptyNativeDatabase(native);
    const watcher = new pg.Client({ connectionString: url });
    const started: ServerProcess[] = [];
    try {
      await watcher.connect();
      // Each statement that makes or changes a table takes longer: the kill falls into the first script, which goes on a while.
      await watcher.query(`
        CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); END $$;
        CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE INDEX', 'ALTER TABLE') EXECUTE FUNCTION slow()`);
      const start = async () => {
        const web = startProcess('test/web-process.ts', { DATABASE_URL: url });
        started.push(web);
        await web.says(/loaded/);
        return web;
      };
      const killed = await start();
      const running =
        "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%CREATE EXTENSION%' AND pid <> pg_backend_pid() AND datname = current_database()";
      const isRunning = async () => ((await watcher.query(running)).rowCount === 0 ? null : true);
      await eventually(isRunning, READY_WITHIN_MS, 'the first migration runs');
      await killed.end('SIGKILL');
      expect(await isRunning()).toBe(true);
      const next = await start();
      const address = `http://127.0.0.1:${await next.says(/listens on (\d+)/, 4 * READY_WITHIN_MS)}`;
      expect((await fetch(address)).status).toBe(200);
    } finally {
      await watcher.end();
      await Promise.all(started.map((web) => web.end('SIGKILL')));
      await drop();
    }
  }, 120_000);
});

describe('a process whose start fails', () => {
  /** A port on which nothing listens. */
  async function deadUrl(): Promise<string> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    server.close();
    await once(server, 'close');
    return `postgresql://nobody@127.0.0.1:${address.port}/none`;
  }

  for (const program of ['test/web-process.ts', 'server/jobs/worker.ts']) {
    it(`ends with an error: ${program}`, async () => {
      const failed = startProcess(program, { DATABASE_URL: await deadUrl() });
      expect(await failed.ended).toBe(1);
      expect(failed.output()).toMatch(/ECONNREFUSED|Can't reach database server/);
    }, 60_000);
  }
});
