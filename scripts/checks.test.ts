import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

const PLANTED = ['server/platform/planted-violation.ts', 'server/credits/planted-env.ts'];
afterEach(() => {
  for (const path of PLANTED) rmSync(path, { force: true });
});

describe('the repository checks', () => {
  it('report a planted upward import', () => {
    writeFileSync(
      'server/platform/planted-violation.ts',
      "import { reserve } from '@/server/credits/ledger/ledger';\n\nexport const planted = reserve;\n",
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', './scripts/register.mjs', 'scripts/boundaries.ts'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain(
      'platform-imports-only-downward: server/platform/planted-violation.ts -> server/credits/ledger/ledger.ts',
    );
  }, 120_000);

  it('report the environment read outside of platform/env.ts', () => {
    writeFileSync('server/credits/planted-env.ts', 'export const planted = process.env.HOME;\n');
    const { status, stdout, stderr } = spawnSync('node_modules/.bin/biome', ['ci', 'server/credits/planted-env.ts'], {
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain('noProcessEnv');
  }, 60_000);
});
