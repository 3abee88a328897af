import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function build(...args: string[]) {
  return spawnSync(process.execPath, ['--import', './scripts/register.mjs', 'scripts/build-project.ts', ...args], {
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_ENV: 'test',
      DATA_DIR: join(folder, 'data'),
      DEMO_DELAY_MS: '0',
      EMBEDDER: 'off',
      LOG_LEVEL: 'error',
    },
  });
}

describe('the command line', () => {
  it('exits with 2 on wrong arguments', () => {
    const out = join(folder, 'out');
    for (const args of [
      ['x'],
      ['--out', out],
      ['--nope'],
      ['a', 'b', '--out', out],
      ['x', '--out', out, '--model', 'gpt'],
      ['x', '--out', out, '--on-reject', 'never'],
    ]) {
      expect([args.join(' '), build(...args).status]).toEqual([args.join(' '), 2]);
    }
    const negative = build('x', '--out', out, '--budget', '-1');
    expect([negative.status, negative.stderr]).toEqual([2, expect.stringMatching(/^--budget must be an amount/)]);
  }, 60_000);

  it('pauses with 3 when the budget is too small, resumes with a larger one, and leaves files, ZIP and receipt', () => {
    const out = join(folder, 'out');
    const paused = build('expense-report', '--out', out, '--budget', '0.02', '--yes');
    expect([paused.status, paused.stderr]).toEqual([3, expect.stringContaining('--resume')]);
    const id = /--resume (\S+)/.exec(paused.stderr)?.[1] ?? '';
    const done = build('--resume', id, '--out', out, '--budget', '5', '--yes');
    expect([done.status, done.stderr]).toEqual([0, '']);
    expect(existsSync(join(out, 'expense-report.zip'))).toBe(true);
    const receipt = JSON.parse(readFileSync(join(out, 'receipt.json'), 'utf8')) as {
      entries: { kind: string }[];
      calls: { promptVersion: string }[];
    };
    expect(receipt.entries.some(({ kind }) => kind === 'usage_refund')).toBe(true);
    expect(receipt.calls.every(({ promptVersion }) => /-\d+$/.test(promptVersion))).toBe(true);
    const tests = spawnSync('python3', ['-m', 'unittest', 'discover', '-s', 'tests', '-t', '.'], {
      cwd: join(out, 'expense-report'),
      encoding: 'utf8',
    });
    expect([tests.status, tests.stderr]).toEqual([0, expect.stringContaining('OK')]);
  }, 120_000);

  it('exits with 4 and says what the demo can build when it does not know the description', () => {
    const failed = build('an operating system', '--out', join(folder, 'out'), '--yes');
    expect([failed.status, failed.stderr]).toEqual([4, expect.stringContaining('OPENAI_API_KEY')]);
  }, 60_000);
});
