import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** Runs the suites that have a size at their full counts, and writes what came of it to `docs/long-tests.md`. */
export function runLong(folder: string): { passed: number; failures: string[] } {
  const files = execFileSync('git', ['grep', '-l', 'suiteSize(', '--', '*.test.ts'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const report = join(folder, 'long.json');
  spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      // Each suite has the machine to itself: some race with a clock, and others take every processor.
      '--no-file-parallelism',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...files,
    ],
    { stdio: 'inherit', env: { ...process.env, TEST_LONG: '1' } },
  );
  if (!existsSync(report)) return { passed: 0, failures: ['the long suites: no report'] };
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
  const rows = testResults
    .map(({ name, startTime, endTime, status, assertionResults }) => {
      const count = (wanted: string) => assertionResults.filter((test) => test.status === wanted).length;
      return {
        file: relative(process.cwd(), name),
        passed: count('passed'),
        skipped: count('pending') + count('skipped'),
        failed: status === 'failed' ? Math.max(count('failed'), 1) : 0,
        seconds: (endTime - startTime) / 1000,
      };
    })
    .sort((a, b) => a.file.localeCompare(b.file));
  writeFileSync('docs/long-tests.md', pageOf(rows));
  return {
    passed: rows.reduce((sum, { passed }) => sum + passed, 0),
    failures: rows.filter(({ failed }) => failed > 0).map(({ file }) => file),
  };
}

function pageOf(rows: { file: string; passed: number; skipped: number; failed: number; seconds: number }[]): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const database = process.env.TEST_DATABASE_URL ? 'native Postgres' : 'the embedded database';
  const lines = rows.map(
    ({ file, passed, skipped, failed, seconds }) =>
      `| \`${file}\` | ${passed} | ${skipped} | ${failed} | ${seconds.toFixed(1)} |`,
  );
  return `# The long tests

\`npm run test:long\` runs every suite that has a size at its full counts; \`npm test\` runs the short form. Last run:
${new Date().toISOString().slice(0, 10)}, after commit ${commit}, on ${database}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}.

| suite | passed | skipped | failed | seconds |
|---|---:|---:|---:|---:|
${lines.join('\n')}
`;
}
