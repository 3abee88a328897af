import 'server-only';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
    if (!existsSync(path)) writeFileSync(path, newSecret(), { mode: 0o600, flag: 'wx' });
    cached = readFileSync(path, 'utf8');
  }
  return cached;
}
