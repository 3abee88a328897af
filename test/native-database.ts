import 'server-only';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** Makes a database of its own on a native server. */
export async function emptyNativeDatabase(server: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `plumbline_test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const target = new URL(server);
  target.pathname = `/${name}`;
  return { url: target.toString(), drop: () => drop(server, name) };
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** Connections that are just ending end first: one that the server cuts fails its process, and nobody listens to it any more. */
const ENDING_MS = 3_000;

async function drop(server: string, name: string): Promise<void> {
  const deadline = Date.now() + ENDING_MS;
  while ((await connectionsTo(server, name)) > 0 && Date.now() < deadline) await delay(20);
  await onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

async function connectionsTo(server: string, name: string): Promise<number> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const { rowCount } = await client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [name]);
  await client.end();
  return rowCount ?? 0;
}
