import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closeDatabase, type Database, openNative, useDatabase } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { listMigrations } from '@/server/platform/migrate';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { testDb } from '@/test/test-db';
import { handleHealth, handleReady } from './health-handler';

interface Answer {
  code: number;
  status: string;
  reason?: string;
}

async function ready(): Promise<Answer> {
  const response = await handleReady();
  return { code: response.status, ...((await response.json()) as { status: string; reason?: string }) };
}

const READY = { code: 200, status: 'ready' };
const notReady = (reason: string) => ({ code: 503, status: 'not ready', reason });

describe('health and readiness', () => {
  let database: Database;
  beforeAll(async () => {
    // What is logged about each failure is not of interest here.
    process.env.LOG_LEVEL = 'silent';
    resetEnv();
    database = await testDb();
    await startQueue();
    // A server has asked its database something long before it is asked whether it is ready; the first query is slow.
    await database.prisma.$queryRaw`SELECT 1`;
  });
  afterEach(() => useDatabase(database));
  afterAll(async () => {
    await stopQueue();
    await closeDatabase();
  });

  it('is ready when database, migrations and queue answer', async () => {
    expect(await ready()).toEqual(READY);
  });

  it('is not ready while a migration is missing or unfinished, and names it', async () => {
    const names = listMigrations().migrationDirectories.map(({ path }) => path);
    const last = names.at(-1) ?? '';
    await database.prisma.$executeRaw`UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = ${last}`;
    expect(await ready()).toEqual(notReady(`migrations not applied: ${last}`));
    await database.prisma.$executeRaw`UPDATE _prisma_migrations SET finished_at = now() WHERE migration_name = ${last}`;
    expect(await ready()).toEqual(READY);
    await database.prisma.$executeRaw`ALTER TABLE _prisma_migrations RENAME TO hidden_migrations`;
    expect(await ready()).toEqual(notReady(`migrations not applied: ${names.join(', ')}`));
    await database.prisma.$executeRaw`ALTER TABLE hidden_migrations RENAME TO _prisma_migrations`;
    expect(await ready()).toEqual(READY);
  });

  it('is not ready when the queue’s tables are gone', async () => {
    await database.prisma.$executeRaw`ALTER SCHEMA pgboss RENAME TO pgboss_gone`;
    expect(await ready()).toEqual(notReady('the queue does not answer'));
    await database.prisma.$executeRaw`ALTER SCHEMA pgboss_gone RENAME TO pgboss`;
    expect(await ready()).toEqual(READY);
  });

  it('is not ready when the database server is gone, says no more than that, and is up all the same', async () => {
    const nowhere = openNative('postgres://admin:hunter2@127.0.0.1:1/plumbline', 1);
    useDatabase(nowhere);
    const answer = await ready();
    await nowhere.close();
    expect(answer).toEqual(notReady('the database does not answer'));
    expect(handleHealth().status).toBe(200);
    expect(await handleHealth().json()).toEqual({ status: 'ok' });
  });

  it('answers in time when the database server accepts connections and then says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => socket.destroy()))).listen(
      0,
      '127.0.0.1',
    );
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const hanging = openNative(`postgres://127.0.0.1:${port}/plumbline`, 1);
    useDatabase(hanging);
    const from = performance.now();
    expect(await ready()).toEqual(notReady('the database does not answer'));
    expect(performance.now() - from).toBeLessThan(8000);
    for (const socket of sockets) socket.destroy();
    silent.close();
    await hanging.close();
  });
});

describe('readiness on a folder that another process owns', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-ready-'));
  const before = { DATA_DIR: process.env.DATA_DIR, DATABASE_URL: process.env.DATABASE_URL };
  let owner: ChildProcess | undefined;
  afterAll(async () => {
    owner?.kill('SIGKILL');
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    resetEnv();
    await closeDatabase();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is 503 and names the process', async () => {
    const program = `
      const { acquireOwnerLock } = await import(process.argv[1]);
      acquireOwnerLock(process.argv[2]);
      process.send('owned');
      process.on('disconnect', () => process.exit());`;
    const module = join(process.cwd(), 'server/platform/owner-lock.ts');
    owner = spawn(
      process.execPath,
      ['--import', './scripts/register.mjs', '--input-type=module', '-e', program, module, folder],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    );
    await once(owner, 'message');
    Object.assign(process.env, { DATA_DIR: folder, DATABASE_URL: '' });
    resetEnv();
    const answer = await ready();
    expect(answer).toMatchObject({ code: 503, reason: expect.stringContaining(`in use by process ${owner.pid}.`) });
  });
});
