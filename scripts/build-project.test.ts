import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = [process.execPath, '--import', './scripts/register.mjs', 'scripts/build-project.ts'];
const env = {
  ...process.env,
  NODE_ENV: 'test',
  DATA_DIR: join(folder, 'data'),
  DEMO_DELAY_MS: '0',
  EMBEDDER: 'off',
  LOG_LEVEL: 'error',
} as const;

function build(...args: string[]) {
  const [node = '', ...program] = PROGRAM;
  return spawnSync(node, [...program, ...args], { encoding: 'utf8', env });
}

/** The command on a terminal of its own, whose keyboard sends `keys` at the first question. */
const ON_A_TERMINAL = `
import os, pty, sys
keys, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0: os.execvp(command[0], command)
said = b''
while True:
    try: piece = os.read(terminal, 4096)
    except OSError: break
    if not piece: break
    if b'[y' not in said and b'[y' in said + piece: os.write(terminal, keys.encode())
    said += piece
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;

function buildOnTerminal(keys: string, ...args: string[]) {
  return spawnSync('python3', ['-c', ON_A_TERMINAL, keys, ...PROGRAM, ...args], { encoding: 'utf8', env });
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
    expect(build('--resume', 'x', '--out', out, '--model', 'demo:demo').stderr).toMatch(
      /^--resume goes on with the model/,
    );
    const negative = build('x', '--out', out, '--budget', '-1');
    expect([negative.status, negative.stderr]).toEqual([2, expect.stringMatching(/^--budget must be an amount/)]);
  }, 120_000);

  it('pauses with 3 when the budget is too small, resumes with a larger one, and leaves files, ZIP and receipt', () => {
    const out = join(folder, 'out');
    const paused = build('expense-report', '--out', out, '--budget', '0.02', '--yes');
    expect([paused.status, paused.stderr]).toEqual([3, expect.stringContaining('--resume')]);
    expect(paused.stderr).toContain('--budget CREDITS');
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

  it('a question left with Ctrl+D is no: exit 3, and a command that can be pasted', () => {
    const out = join(folder, "my user's out");
    const { status, stdout } = buildOnTerminal('\u0004', 'expense-report', '--out', out, '--flat');
    expect(stdout).toContain('Approve this plan? [y/N]');
    expect([status, stdout]).toEqual([3, expect.not.stringContaining('AbortError')]);
    const resume = /Resume: (npm run .*?)\s*$/m.exec(stdout)?.[1] ?? '';
    const words = spawnSync('sh', ['-c', `set -- ${resume}; printf '%s\\n' "$@"`], { encoding: 'utf8' }).stdout.split(
      '\n',
    );
    expect(words).toEqual(expect.arrayContaining(['--resume', out, '--flat', '--yes']));
  });

  it('exits with 4 and says what the demo can build when it does not know the description', () => {
    const failed = build('an operating system', '--out', join(folder, 'out'), '--yes');
    expect([failed.status, failed.stderr]).toEqual([4, expect.stringContaining('OPENAI_API_KEY')]);
  }, 60_000);
});
