import 'server-only';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from '@/server/platform/env';
import { newSecret } from '@/server/platform/ids';

let cached: string | undefined;

/** Signs cookies and mail tokens. Outside production one is made once and kept in the data folder, readable by its owner. */
export function authSecret(): string {
  if (cached !== undefined) return cached;
  const { NEXTAUTH_SECRET, DATA_DIR } = env();
  if (NEXTAUTH_SECRET !== undefined) cached = NEXTAUTH_SECRET;
  else {
    const path = join(DATA_DIR, 'auth-secret');
    mkdirSync(DATA_DIR, { recursive: true });
    if (!existsSync(path)) makeSecret(path);
    cached = readFileSync(path, 'utf8');
  }
  return cached;
}

/** Written aside and linked: of processes that start together one wins, and none reads a file that is half written. */
function makeSecret(path: string): void {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, newSecret(), { mode: 0o600 });
  try {
    linkSync(own, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(own);
  }
}
