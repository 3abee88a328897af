/**
 * `npm test`: types, lint, boundaries, dead code, unit and database tests, then the journeys in a real browser. `--db` runs
 * only the database tests, for a second database. The last line is `N passed, N failed` over everything.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { buildApp, generateClient } from './build-inputs';

const counts = { passed: 0, failed: 0 };
const folder = mkdtempSync(join(tmpdir(), 'plumbline-test-'));

function run(args: string[], env: Record<string, string> = {}): boolean {
  const { status, signal } = spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (signal !== null) console.error(`ended by ${signal}`);
  return status === 0;
}

function step(name: string, work: () => boolean): boolean {
  const started = Date.now();
  console.log(`\n== ${name}`);
  const ok = work();
  console.log(`== ${name}: ${ok ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return ok;
}

/** A check without a count of its own counts as one. */
function check(name: string, args: string[]): void {
  if (step(name, () => run(args))) counts.passed++;
  else counts.failed++;
}

/** Adds a runner's own counts; a runner that left no readable report has failed. */
function tests(
  name: string,
  report: string,
  read: (text: string) => { passed: number; failed: number },
  work: () => boolean,
): void {
  const ok = step(name, work);
  const result = existsSync(report) ? read(readFileSync(report, 'utf8')) : { passed: 0, failed: 1 };
  counts.passed += result.passed;
  counts.failed += ok ? result.failed : Math.max(result.failed, 1);
}

const vitestReport = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });
const playwrightReport = z.object({
  stats: z.object({ expected: z.number(), unexpected: z.number(), flaky: z.number() }),
});

function vitest(name: string, filters: string[]): void {
  const report = join(folder, 'vitest.json');
  tests(
    name,
    report,
    (text) => {
      const { numPassedTests, numFailedTests } = vitestReport.parse(JSON.parse(text));
      return { passed: numPassedTests, failed: numFailedTests };
    },
    () =>
      run([
        'node_modules/vitest/vitest.mjs',
        'run',
        '--reporter=dot',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...filters,
      ]),
  );
}

generateClient();
if (process.argv.includes('--db')) {
  vitest('database tests', ['.db.test.ts']);
} else {
  check('types', ['node_modules/typescript/bin/tsc', '--noEmit']);
  check('lint', ['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '.']);
  check('boundaries', ['--import', './scripts/register.mjs', 'scripts/boundaries.ts']);
  check('dead code', ['node_modules/knip/bin/knip.js', '--no-progress']);
  vitest('unit and database tests', []);
  if (step('build', () => buildApp() || true)) counts.passed++;
  const report = join(folder, 'playwright.json');
  tests(
    'journeys in a browser',
    report,
    (text) => {
      const { expected, unexpected, flaky } = playwrightReport.parse(JSON.parse(text)).stats;
      return { passed: expected, failed: unexpected + flaky };
    },
    () =>
      run(['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json'], {
        PLAYWRIGHT_JSON_OUTPUT_NAME: report,
      }),
  );
}
if (process.env.COUNTS_FILE) writeFileSync(process.env.COUNTS_FILE, `${counts.passed} ${counts.failed}\n`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
