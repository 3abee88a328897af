import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';

const PLANTED = [
  'server/platform/planted-violation.ts',
  'server/runs/planted-provider.ts',
  'server/credits/planted-env.ts',
  'server/runs/planted-prisma-write.ts',
  'server/runs/planted-sql-write.ts',
  'server/runs/planted-function-call.ts',
];
afterEach(() => {
  for (const path of PLANTED) rmSync(path, { force: true });
});

describe('the repository checks', () => {
  it('report a planted upward import, and a provider reached past the gateway', () => {
    writeFileSync(
      'server/platform/planted-violation.ts',
      "import { reserve } from '@/server/credits/ledger/ledger';\n\nexport const planted = reserve;\n",
    );
    writeFileSync(
      'server/runs/planted-provider.ts',
      "import { createOpenAI } from '@ai-sdk/openai';\nimport { createLanguageModel } from '@/server/models/providers/create-model';\n\nexport const planted = [createOpenAI, createLanguageModel];\n",
    );
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', './scripts/register.mjs', 'scripts/boundaries.ts'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toContain(
      'only-the-gateway-calls-providers: server/runs/planted-provider.ts -> node_modules/@ai-sdk/openai',
    );
    expect(stderr).toContain(
      'only-the-gateway-calls-providers: server/runs/planted-provider.ts -> server/models/providers/create-model.ts',
    );
    expect(stderr).toContain(
      'platform-imports-only-downward: server/platform/planted-violation.ts -> server/credits/ledger/ledger.ts',
    );
  }, 120_000);

  it('report ledger tables written outside of credits/, by Prisma, SQL and a ledger function', () => {
    const planted = {
      'server/runs/planted-prisma-write.ts':
        "import { db } from '@/server/platform/db';\n\nexport const planted = () => db().creditEntry.create;\n",
      'server/runs/planted-sql-write.ts': 'export const planted = `UPDATE "CreditBalance" SET "bonus" = 0`;\n',
      'server/runs/planted-function-call.ts': 'export const planted = `SELECT * FROM ledger_grant($1)`;\n',
    };
    for (const [path, code] of Object.entries(planted)) writeFileSync(path, code);
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', './scripts/register.mjs', 'scripts/boundaries.ts'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    for (const path of Object.keys(planted)) expect(stderr).toContain(`only-credits-writes-the-ledger: ${path}`);
  }, 120_000);

  it('report the environment read outside of platform/env.ts', () => {
    writeFileSync('server/credits/planted-env.ts', 'export const planted = process.env.HOME;\n');
    const { status, stdout, stderr } = spawnSync('node_modules/.bin/biome', ['ci', 'server/credits/planted-env.ts'], {
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain('noProcessEnv');
  }, 60_000);

  it('every file that a README or a guide names exists', () => {
    const pages = ['README.md', ...globSync('{server,docs,test}/**/*.md')].filter(
      (page) => !page.includes('demo/projects'),
    );
    expect(pages.length).toBeGreaterThan(20);
    const files = globSync(['*.{ts,mjs}', '{app,components,server,scripts,test,e2e,bench,prisma}/**/*']).map(
      (file) => `/${file}`,
    );
    const missing = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/`([\w@./()[\]-]+\.(?:tsx?|mjs|sql|prisma))`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !files.some((file) => file.endsWith(`/${path}`)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('texts and comments say it plainly (docs and style of this repository)', () => {
    const files = globSync([
      '*.md',
      '{app,components,server,scripts,test,e2e,bench,docs,prisma}/**/*.{ts,tsx,md,sql,prisma}',
    ]);
    const read = files.filter(
      (file) => !/^prisma\/(migrations|generated)\/|demo\/projects|^test\/cases\/|checks\.test\.ts$/.test(file),
    );
    expect(read.length).toBeGreaterThan(700);
    const found = read.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          /\b(anew|meanwhile|whoever)\b/i.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });
});
