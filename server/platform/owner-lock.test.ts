import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

/** What a process answers: that it has the lock, or why not. */
interface Answer {
  won: boolean;
  /** Milliseconds the attempt took. */
  ms: number;
  code?: string;
  message?: string;
  namedPid?: number;
  orphan?: number;
}
type Order = 'acquire' | 'acquire and forget' | 'release' | 'start a child that outlives you';

/** A process of its own that takes and releases the lock on command. */
const PROGRAM = `
const { acquireOwnerLock } = await import(${JSON.stringify(pathToFileURL('server/platform/owner-lock.ts').href)});
const { spawn } = await import('node:child_process');
let lock;
const directory = process.argv[1];
const orders = {
  acquire: () => { lock = acquireOwnerLock(directory); },
  'acquire and forget': () => { acquireOwnerLock(directory); globalThis.gc(); globalThis.gc(); },
  release: () => lock.release(),
  'start a child that outlives you': () => ({ orphan: spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).pid }),
};
process.on('message', (order) => {
  const from = performance.now();
  try {
    const extra = orders[order]();
    process.send({ won: true, ms: performance.now() - from, ...extra });
  } catch (error) {
    process.send({ won: false, ms: performance.now() - from, code: error.code, message: error.message, namedPid: error.details?.pid });
  }
});
process.on('disconnect', () => process.exit());
process.send({ won: false, ms: 0 });
`;

const folders: string[] = [];
const children = new Set<ChildProcess>();

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-lock-'));
  folders.push(folder);
  return folder;
}

async function start(folder: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', './scripts/register.mjs', '--input-type=module', '-e', PROGRAM, folder],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  children.add(child);
  await once(child, 'message');
  return child;
}

/** Null when the process died before it could answer. */
function tell(child: ChildProcess, order: Order): Promise<Answer | null> {
  return new Promise((resolve) => {
    const finish = (answer: Answer | null) => {
      child.off('message', finish).off('exit', died);
      resolve(answer);
    };
    const died = () => finish(null);
    child.once('message', finish).once('exit', died);
    child.send(order, (error) => {
      if (error !== null) died();
    });
  });
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** All try at once. @returns who has the lock, and how each was answered. */
async function race(takers: readonly ChildProcess[]): Promise<{ winners: ChildProcess[]; answers: (Answer | null)[] }> {
  const answers = await Promise.all(takers.map((taker) => tell(taker, 'acquire')));
  return { winners: takers.filter((_, i) => answers[i]?.won === true), answers };
}

afterEach(async () => {
  await Promise.all([...children].map(kill));
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('the lock of a data folder', () => {
  it('refuses a second process after a short wait and names the owner', async () => {
    const folder = newFolder();
    const [owner, second] = await Promise.all([start(folder), start(folder)]);
    expect(await tell(owner, 'acquire')).toMatchObject({ won: true });
    const refusal = await tell(second, 'acquire');
    expect(refusal).toMatchObject({ won: false, code: 'database_locked', namedPid: owner.pid });
    expect(refusal?.message).toBe(`The database in ${folder} is in use by process ${owner.pid}.`);
    // It waits 400 ms; the rest is for machines that do something else as well.
    expect(refusal?.ms).toBeLessThan(5000);
    expect(await tell(owner, 'acquire')).toMatchObject({ won: false, namedPid: owner.pid });
  });

  it('is free, and no longer names anyone, once released', async () => {
    const folder = newFolder();
    const [first, second] = await Promise.all([start(folder), start(folder)]);
    await tell(first, 'acquire');
    expect(readFileSync(join(folder, 'owner.lock'), 'utf8')).toBe(String(first.pid));
    expect(readdirSync(folder).sort()).toEqual(['owner.lock', 'owner.lock.sqlite']);
    await tell(first, 'release');
    expect(existsSync(join(folder, 'owner.lock'))).toBe(false);
    expect(await tell(second, 'acquire')).toMatchObject({ won: true });
    // Released twice: the second time it is somebody else's.
    await tell(first, 'release');
    expect(readFileSync(join(folder, 'owner.lock'), 'utf8')).toBe(String(second.pid));
    expect(await tell(first, 'acquire')).toMatchObject({ won: false, namedPid: second.pid });
  });

  it('is taken over at once when its owner was killed', async () => {
    const folder = newFolder();
    const [owner, next] = await Promise.all([start(folder), start(folder)]);
    await tell(owner, 'acquire');
    await kill(owner);
    expect(readFileSync(join(folder, 'owner.lock'), 'utf8')).toBe(String(owner.pid));
    expect(await tell(next, 'acquire')).toMatchObject({ won: true });
    expect(readFileSync(join(folder, 'owner.lock'), 'utf8')).toBe(String(next.pid));
  });

  it('is taken over when the dead owner’s PID now belongs to another process', async () => {
    const folder = newFolder();
    const [owner, next] = await Promise.all([start(folder), start(folder)]);
    await tell(owner, 'acquire');
    await kill(owner);
    writeFileSync(join(folder, 'owner.lock'), String(process.pid));
    expect(await tell(next, 'acquire')).toMatchObject({ won: true });
  });

  it('is not kept by a child process that outlives its owner', async () => {
    const folder = newFolder();
    const [owner, next] = await Promise.all([start(folder), start(folder)]);
    await tell(owner, 'acquire');
    const orphan = (await tell(owner, 'start a child that outlives you'))?.orphan ?? 0;
    try {
      await kill(owner);
      expect(process.kill(orphan, 0)).toBe(true);
      expect(await tell(next, 'acquire')).toMatchObject({ won: true });
    } finally {
      process.kill(orphan, 'SIGKILL');
    }
  });

  it('stays when nobody keeps what acquiring returned', async () => {
    const folder = newFolder();
    const [owner, second] = await Promise.all([start(folder), start(folder)]);
    expect(await tell(owner, 'acquire and forget')).toMatchObject({ won: true });
    expect(await tell(second, 'acquire')).toMatchObject({ won: false, namedPid: owner.pid });
  });

  it('has exactly one successor, however many try, whether its owner was killed or let go', async () => {
    const folder = newFolder();
    const takers = await Promise.all(Array.from({ length: 10 }, () => start(folder)));
    for (let round = 0; round < 20; round++) {
      const { winners, answers } = await race(takers);
      expect([round, winners.length]).toEqual([round, 1]);
      const [owner] = winners;
      if (owner === undefined) continue;
      const refusals = answers.filter((answer) => answer?.won !== true);
      expect(new Set(refusals.map((answer) => answer?.namedPid))).toEqual(new Set([owner.pid]));
      if (round % 2 === 0) await tell(owner, 'release');
      else {
        const [replacement] = await Promise.all([start(folder), kill(owner)]);
        takers.splice(takers.indexOf(owner), 1, replacement);
      }
    }
  }, 90_000);

  it('never has two owners when takers are killed while they take it', async () => {
    const folder = newFolder();
    let takers = await Promise.all(Array.from({ length: 8 }, () => start(folder)));
    for (let round = 0; round < 8; round++) {
      const doomed = takers.filter((_, i) => (i + round) % 3 === 0);
      const attempts = race(takers);
      // Some before they begin, some in the midst, some perhaps as owner.
      await Promise.all(
        doomed.map(async (taker, i) => {
          const at = performance.now() + i;
          while (performance.now() < at) await new Promise(setImmediate);
          await kill(taker);
        }),
      );
      const alive = (await attempts).winners.filter((taker) => !doomed.includes(taker));
      const fresh = await Promise.all(doomed.map(() => start(folder)));
      takers = [...takers.filter((taker) => !doomed.includes(taker)), ...fresh];
      const later = (await race(takers)).winners;
      expect([round, alive.length + later.length]).toEqual([round, 1]);
      for (const owner of [...alive, ...later]) await tell(owner, 'release');
    }
  }, 90_000);
});
