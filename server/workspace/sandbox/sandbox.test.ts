import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { processesOf } from '@/test/hostile/canaries';
import { runChecks } from '../checks/run-checks';
import { BoundedOutput } from './bounded-output';
import { bubblewrap } from './bubblewrap';
import { sweepFolders } from './folder';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './sandbox';
import { selectSandbox } from './select-sandbox';

const reason = await bubblewrap.unavailable();
if (reason !== null) console.warn(`sandbox tests skipped: ${reason}`);

describe.skipIf(reason !== null)('bubblewrap, for real', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'plumbline-sandbox-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (command: string, limits: Partial<SandboxLimits> = {}, signal?: AbortSignal) =>
    bubblewrap.run({ directory, command, limits: { ...DEFAULT_SANDBOX_LIMITS, timeoutMs: 15_000, ...limits }, signal });

  it('runs node and python, and keeps what is written in the project', async () => {
    const outcome = await run('node -e "fs.writeFileSync(\'out.txt\', process.version)" && python3 -c "print(6*7)"');
    expect(outcome).toMatchObject({ exitCode: 0, ended: null, output: expect.stringContaining('42') });
    expect(readFileSync(join(directory, 'out.txt'), 'utf8')).toBe(process.version);
  });

  it('is not root outside', async () => {
    await run('touch made');
    expect(statSync(join(directory, 'made')).uid).not.toBe(0);
    expect((await run('id -un; id -u')).output).toBe('sandbox\n1000\n');
  });

  it('does not see the folders of the server, wherever they lie', async () => {
    const before = process.env.DATA_DIR;
    process.env.DATA_DIR = '/usr/share/doc';
    resetEnv();
    try {
      expect((await run('ls -A /usr/share/doc | wc -l')).output.trim()).toBe('0');
    } finally {
      process.env.DATA_DIR = before;
      resetEnv();
    }
  });

  it('shows no path of the host where its folder is reached by a symbolic link', async () => {
    const link = `${directory}-link`;
    symlinkSync(directory, link);
    const limits = { ...DEFAULT_SANDBOX_LIMITS, timeoutMs: 15_000 };
    const { output } = await bubblewrap.run({ directory: link, command: 'cat /proc/self/mountinfo', limits });
    rmSync(link);
    expect(output).toContain(' /project ');
    expect(output).not.toContain(directory);
  });

  it('dies with the server, whose folder the next start sweeps', async () => {
    const mark = `mark-${newId()}`;
    const program = `
      const { openFolder } = await import('./server/workspace/sandbox/folder.ts');
      const { bubblewrap } = await import('./server/workspace/sandbox/bubblewrap.ts');
      const { DEFAULT_SANDBOX_LIMITS: limits } = await import('./server/workspace/sandbox/sandbox.ts');
      const { path } = await openFolder();
      process.send(path);
      await bubblewrap.run({ directory: path, command: 'export MARK=${mark}; sleep 60 & sleep 60', limits });`;
    const server = spawn(
      process.execPath,
      ['--import', './scripts/register.mjs', '--input-type=module', '-e', program],
      {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    const [folder] = await once(server, 'message');
    await expect.poll(() => processesOf(mark).length, { timeout: 15_000 }).toBeGreaterThan(1);
    await sweepFolders();
    expect(existsSync(folder)).toBe(true);
    server.kill('SIGKILL');
    await once(server, 'exit');
    await expect.poll(() => processesOf(mark), { timeout: 5000 }).toEqual([]);
    expect(existsSync(folder)).toBe(true);
    await sweepFolders();
    expect(existsSync(folder)).toBe(false);
  });

  it('gives the exit code and both outputs', async () => {
    expect(await run('echo out; echo err >&2; exit 3')).toMatchObject({ exitCode: 3, output: 'out\nerr\n' });
  });

  it('ends an infinite loop with all its children at the time limit', async () => {
    const started = Date.now();
    const outcome = await run('(while true; do echo alive > beat; done) & while true; do :; done', { timeoutMs: 700 });
    expect(outcome).toMatchObject({ ended: 'timeout', exitCode: null, output: expect.stringContaining('700 ms') });
    expect(Date.now() - started).toBeLessThan(8_000);
    rmSync(join(directory, 'beat'), { force: true });
    const deadline = Date.now() + 300;
    while (Date.now() < deadline) {
      expect(existsSync(join(directory, 'beat'))).toBe(false);
      await new Promise((done) => setImmediate(done));
    }
  });

  it('ends at once when it is stopped', async () => {
    const stop = new AbortController();
    const running = run('sleep 30', {}, stop.signal);
    stop.abort();
    expect(await running).toMatchObject({ ended: 'aborted' });
  });

  it('caps a flood of output', async () => {
    const outcome = await run('echo first; yes', { outputBytes: 10_000 });
    expect(outcome.ended).toBe('output');
    expect(outcome.output.startsWith('first')).toBe(true);
    expect(outcome.output.length).toBeLessThan(11_000);
  });

  it('takes colours, titles and NUL out of the output', async () => {
    expect((await run("printf '\\033[31mred\\033[0m\\033]0;title\\007\\000!'")).output).toBe('red!');
  });

  it('runs the commands of a plan in order and stops at the first failure', async () => {
    const outcomes = await runChecks({
      files: new Map([['a.js', 'export const a = 1;\n']]),
      changed: ['a.js'],
      commands: { build: 'test -f a.js', typecheck: 'exit 2', test: 'echo never' },
      execution: { sandbox: bubblewrap, reason: null },
      timeoutMs: 10_000,
    });
    expect(outcomes.map(({ kind, status, exitCode }) => [kind, status, exitCode])).toEqual([
      ['parse', 'passed', 0],
      ['build', 'passed', 0],
      ['typecheck', 'failed', 2],
      ['test', 'skipped', null],
    ]);
  });
});

describe('execution off', () => {
  it('says why nothing ran, and still parses', async () => {
    const execution = await selectSandbox('off');
    mkdirSync(tmpdir(), { recursive: true });
    const outcomes = await runChecks({
      files: new Map([['a.json', '{']]),
      changed: ['a.json'],
      commands: { test: 'true' },
      execution,
      timeoutMs: 1000,
    });
    expect(outcomes).toMatchObject([
      { kind: 'parse', status: 'failed', output: expect.stringContaining('a.json:1') },
      {
        kind: 'test',
        status: 'skipped',
        required: false,
        output: expect.stringContaining('SANDBOX=off'),
        sandbox: 'off',
      },
    ]);
  });
});

describe('BoundedOutput', () => {
  it('keeps the beginning and the end', () => {
    const output = new BoundedOutput(20);
    for (let i = 0; i < 100; i++) output.take(Buffer.from(`${i},`));
    expect(output.text()).toMatch(/^0,1,2,3,4,\n\[output cut: \d+ bytes left out\]\n.*98,99,$/);
    const small = new BoundedOutput(20);
    small.take(Buffer.from('whole text, 20 bytes'));
    expect(small.text()).toBe('whole text, 20 bytes');
  });
});
