/**
 * `npm test`: types, lint, boundaries, dead code, unit and database tests, then the journeys in a real browser. `--db` runs
 * only the database tests, for a second database. `--long` runs every suite with a size at its full counts and writes
 * `docs/long-tests.md`. The last line is `N passed, N failed` over everything.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { buildApp, generateClient } from './build-inputs';
import { runLong } from './test-long';

/** So many files are tried again at most: more of them is no accident. */
const TRIED_AGAIN = 3;
const counts = { passed: 0, failed: 0 };
/** What failed, by name: said again at the end, where a long log is read first. */
const failures: string[] = [];
const uncertain: string[] = [];
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a colour
const ANSI = /\u001b\[[0-9;]*m/g;
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
  else {
    counts.failed++;
    failures.push(name);
  }
}

interface Result {
  passed: number;
  failures: string[];
  /** Passed only when they were tried again. */
  uncertain: string[];
  /** Files with a failure. */
  failedFiles: string[];
}

const NOTHING: Result = { passed: 0, failures: [], uncertain: [], failedFiles: [] };

/** Adds a runner's own counts; a runner that left no readable report has failed. */
function tests(name: string, report: string, read: (text: string) => Result, work: () => boolean): Result {
  const ok = step(name, work);
  const result = existsSync(report) ? read(readFileSync(report, 'utf8')) : NOTHING;
  if (ok && existsSync(report)) return result;
  return result.failures.length > 0 ? result : { ...result, failures: [`${name}: ended badly`] };
}

function add(result: Result): void {
  counts.passed += result.passed;
  counts.failed += result.failures.length;
  failures.push(...result.failures);
  uncertain.push(...result.uncertain);
}

const vitestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

/** The first lines of a failure's message: a long log is often read at its end alone. */
function shortly(message: string | undefined): string {
  return (message ?? '').replace(ANSI, '').split('\n').filter(Boolean).slice(0, 6).join(' | ').slice(0, 700);
}

function readVitest(text: string): Result {
  const { testResults } = vitestReport.parse(JSON.parse(text));
  const passed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'passed'),
  );
  const failed = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const names = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${file}: ${test.fullName}: ${shortly(test.failureMessages?.[0])}`);
    // A file that could not be read has no tests that failed.
    return status === 'failed' && names.length === 0 ? [`${file}: ${shortly(message)}`] : names;
  });
  const failedFiles = testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
  return { passed: passed.length, failures: failed, uncertain: [], failedFiles };
}

const spec = z.object({
  title: z.string(),
  file: z.string(),
  tests: z.array(
    z.object({
      status: z.string(),
      results: z.array(z.object({ errors: z.array(z.object({ message: z.string().optional() })) })),
    }),
  ),
});
interface Suite {
  specs: z.infer<typeof spec>[];
  suites?: Suite[] | undefined;
}
const suite: z.ZodType<Suite> = z.lazy(() => z.object({ specs: z.array(spec), suites: z.array(suite).optional() }));
const playwrightReport = z.object({
  stats: z.object({ expected: z.number(), flaky: z.number() }),
  suites: z.array(suite),
});

/** A journey that passes when it is tried again counts as passed, and is named with its first failure. */
function readPlaywright(text: string): Result {
  const { stats, suites } = playwrightReport.parse(JSON.parse(text));
  const specsOf = (of: Suite[]): Suite['specs'] =>
    of.flatMap(({ specs, suites: inner = [] }) => [...specs, ...specsOf(inner)]);
  const named = (wanted: string) =>
    specsOf(suites).flatMap(({ title, file, tests: tried }) =>
      tried
        .filter(({ status }) => status === wanted)
        .map(({ results }) => `${file}: ${title}: ${shortly(results[0]?.errors[0]?.message)}`),
    );
  return {
    passed: stats.expected + stats.flaky,
    failures: named('unexpected'),
    uncertain: named('flaky'),
    failedFiles: [],
  };
}

function runVitest(name: string, filters: string[], folderName: string): Result {
  const report = join(folder, folderName);
  return tests(name, report, readVitest, () =>
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

/**
 * A file that fails is run once more, alone, and what passes then counts as passed and is named with its first failure: decision
 * 0037. When more than a few files fail, or a run ends badly, nothing is tried again.
 */
function vitest(name: string, filters: string[]): void {
  const first = runVitest(name, filters, 'vitest.json');
  const files = first.failedFiles;
  if (files.length === 0 || files.length > TRIED_AGAIN) return add(first);
  const again = runVitest(`${name}, tried again`, [...files, '--no-file-parallelism'], 'vitest-again.json');
  if (again.failures.length > 0) return add({ ...again, passed: first.passed });
  add({ ...NOTHING, passed: first.passed + first.failures.length, uncertain: first.failures });
}

generateClient();
if (process.argv.includes('--long')) {
  const result = runLong(folder);
  counts.passed = result.passed;
  failures.push(...result.failures);
  counts.failed = result.failures.length;
} else if (process.argv.includes('--db')) {
  vitest('database tests', ['.db.test.ts']);
} else {
  check('types', ['node_modules/typescript/bin/tsc', '--noEmit']);
  check('lint', ['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '.']);
  check('boundaries', ['--import', './scripts/register.mjs', 'scripts/boundaries.ts']);
  check('dead code', ['node_modules/knip/bin/knip.js', '--no-progress']);
  vitest('unit and database tests', []);
  if (step('build', () => buildApp() || true)) counts.passed++;
  const report = join(folder, 'playwright.json');
  add(
    tests('journeys in a browser', report, readPlaywright, () =>
      run(['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json'], {
        PLAYWRIGHT_JSON_OUTPUT_NAME: report,
      }),
    ),
  );
}
if (process.env.COUNTS_FILE) {
  writeFileSync(
    process.env.COUNTS_FILE,
    `${[
      `${counts.passed} ${counts.failed}`,
      ...failures.map((name) => `failed: ${name}`),
      ...uncertain.map((name) => `passed when tried again: ${name}`),
    ].join('\n')}\n`,
  );
}
for (const name of uncertain) console.log(`passed when tried again: ${name}`);
for (const name of failures) console.log(`failed: ${name}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
