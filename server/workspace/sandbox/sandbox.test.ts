import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runChecks } from '../checks/run-checks';
import { BoundedOutput } from './bounded-output';
import { bubblewrap } from './bubblewrap';
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

  it('gives the exit code and both outputs', async () => {
    expect(await run('echo out; echo err >&2; exit 3')).toMatchObject({ exitCode: 3, output: 'out\nerr\n' });
  });

  it('reaches no network, not even a server on this machine', async () => {
    const server = createServer((_request, response) => response.end('reached')).listen(0, '127.0.0.1');
    try {
      await new Promise((done) => server.once('listening', done));
      const { port } = server.address() as AddressInfo;
      const outcome = await run(`node -e "fetch('http://127.0.0.1:${port}').then(r => r.text()).then(console.log)"`);
      expect(outcome.exitCode).not.toBe(0);
      expect(outcome.output).not.toContain('reached');
    } finally {
      server.close();
    }
  });

  it.each(['/usr/x', '/etc/x', '/x', '/dev/x', '/toolchain/x', '../x', '/usr/bin/node'])(
    'cannot write %s',
    async (path) => {
      expect((await run(`echo x > ${path}`)).exitCode).not.toBe(0);
    },
  );

  it('sees neither the files of Plumbline nor its environment', async () => {
    process.env.PLUMBLINE_TEST_SECRET = 'do-not-leak';
    const outcome = await run(`env; cat /proc/*/environ | tr '\\0' '\\n'; ls ${resolve('.')} /root /home`);
    expect(outcome.output).not.toContain('do-not-leak');
    expect(outcome.output).not.toContain('package.json');
    expect((await run('ls / ')).output).not.toMatch(/^(root|home|work|var)$/m);
  });

  it('follows no symbolic link out of the project', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'plumbline-outside-'));
    try {
      writeFileSync(join(outside, 'secret'), 'secret');
      symlinkSync(outside, join(directory, 'link'));
      const outcome = await run('cat link/secret; echo x > link/new');
      expect(outcome.output).not.toContain('secret\n');
      expect(outcome.exitCode).not.toBe(0);
      expect(existsSync(join(outside, 'new'))).toBe(false);
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
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

  it('bounds a fork bomb', async () => {
    const outcome = await run('bomb() { bomb | bomb & }; bomb; sleep 10', { processes: 64 });
    expect(outcome.ended === 'processes' || /fork|Resource/.test(outcome.output)).toBe(true);
    expect(outcome.durationMs).toBeLessThan(14_000);
  });

  it('ends a process that takes too much memory, and many that do together', async () => {
    const memoryBytes = 256 * 1024 ** 2;
    const one = await run('python3 -c "x = bytearray(800 * 1024**2); print(len(x))"', { memoryBytes });
    expect(one.exitCode).not.toBe(0);
    const hog = `python3 -c "import time; x = b'x' * (120 * 1024**2); time.sleep(9)"`;
    const many = await run(`${hog} & ${hog} & ${hog} & ${hog} & wait`, { memoryBytes });
    expect(many).toMatchObject({ ended: 'memory' });
  });

  it('refuses a file larger than the limit', async () => {
    expect((await run('head -c 3000000 /dev/zero > big', { fileBytes: 1024 ** 2 })).exitCode).not.toBe(0);
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
