import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BoundedThread, type ThreadEnd } from './bounded-thread';

/** A module that does what hostile text makes a parser do. */
const MODULE = `
export function handle({ act, value }: { act: string; value?: unknown }): unknown {
  if (act === 'spin') for (;;);
  if (act === 'rest') return new Promise((resolve) => setTimeout(() => resolve(value), 600));
  if (act === 'exit') process.exit(3);
  if (act === 'throw') throw new RangeError('too deep');
  if (act === 'later') setTimeout(() => { throw new Error('nobody hears this'); }, 0);
  if (act === 'later') return new Promise(() => undefined);
  const kept: unknown[] = [];
  while (act === 'fill') kept.push(new Array(100_000).fill(kept.length));
  const dive = (depth: number): number => 1 + dive(depth + 1);
  if (act === 'dive') dive(0);
  return value;
}
`;

describe('bounded thread', () => {
  let folder: string;
  let module: string;
  let thread: BoundedThread;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'plumbline-thread-'));
    module = relative(process.cwd(), join(folder, 'act.ts'));
    writeFileSync(join(folder, 'act.ts'), MODULE);
    thread = new BoundedThread({ module, memoryMb: 64, stackMb: 4 });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ask = (act: string, timeoutMs = 20_000, signal?: AbortSignal) =>
    thread.call({ act, value: act }, z.string(), { timeoutMs, signal });

  it.each<[act: string, end: ThreadEnd, says: RegExp, timeoutMs: number]>([
    ['spin', 'time', /no answer within 0\.2 s/, 200],
    ['fill', 'memory', /memory/, 20_000],
    ['exit', 'crash', /code 3/, 20_000],
    ['later', 'crash', /nobody hears this/, 20_000],
    ['throw', 'failed', /too deep/, 20_000],
    ['dive', 'failed', /call stack/i, 20_000],
  ])('a call that does %s ends as %s, and the next call works', async (act, end, message, timeoutMs) => {
    await expect(ask(act, timeoutMs)).rejects.toMatchObject({ end, message: expect.stringMatching(message) });
    expect(await ask('next')).toBe('next');
  });

  it.runIf('cpuUsage' in Worker.prototype)(
    'a thread that gets no processor time has more time on the clock, but not for ever',
    async () => {
      expect(await ask('rest', 200)).toBe('rest');
      await expect(ask('rest', 50)).rejects.toMatchObject({ end: 'time' });
    },
  );

  it('an abort ends the call with its reason, and the next call works', async () => {
    const stop = new AbortController();
    expect(await ask('warm')).toBe('warm');
    const call = ask('spin', 20_000, stop.signal);
    const reason = new Error('the run was stopped');
    setImmediate(() => stop.abort(reason));
    await expect(call).rejects.toBe(reason);
    await expect(ask('never', 20_000, stop.signal)).rejects.toBe(reason);
    expect(await ask('next')).toBe('next');
  });

  it('calls wait for each other: the time of one does not count for those behind it', async () => {
    const calls = [ask('spin', 1_000), ask('a', 900), ask('b', 900)];
    const [first, ...others] = await Promise.allSettled(calls);
    expect(first?.status).toBe('rejected');
    expect(others).toEqual(['a', 'b'].map((value) => ({ status: 'fulfilled', value })));
  });

  it('an idle thread does not keep a process alive', () => {
    const script = `
      import { z } from 'zod';
      import { BoundedThread } from './server/platform/bounded-thread.ts';
      const thread = new BoundedThread({ module: ${JSON.stringify(module)}, memoryMb: 64, stackMb: 4 });
      console.log(await thread.call({ act: 'echo', value: 'done' }, z.string(), { timeoutMs: 20_000 }));`;
    const options = ['--import', './scripts/register.mjs', '--input-type=module', '--eval', script];
    const ended = spawnSync(process.execPath, options, { encoding: 'utf8', timeout: 25_000 });
    expect(ended).toMatchObject({ status: 0, signal: null, stdout: 'done\n' });
  });
});
