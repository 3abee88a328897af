import 'server-only';
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Makes a database of its own on a native server. */
export async function emptyNativeDatabase(server: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `plumbline_test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const target = new URL(server);
  target.pathname = `/${name}`;
  return { url: target.toString(), drop: () => onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function onServer(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}
