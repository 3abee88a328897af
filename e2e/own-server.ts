import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const TYPESCRIPT = ['--import', './scripts/register.mjs'];
const MOVED_CLOCK = ['--import', './e2e/move-clock.ts'];
/** Milliseconds until a started server must answer; building the pages is not part of it. */
const READY_WITHIN_MS = 180_000;

/** A server of one test's own, on a data folder of its own, that the test starts, stops and kills. Always the same address. */
export interface OwnServer {
  url: string;
  /** Starts it as `npm start` does, its clock that much ahead of the real one, and waits until it is ready. */
  start(clock?: { aheadMs: number }): Promise<void>;
  /** Asks it to end, as an operator does, and waits for it. */
  stop(): Promise<void>;
  /** SIGKILL: no time to say goodbye. */
  kill(): Promise<void>;
  /** Runs a command of `e2e/database.ts` on the data folder, while no server owns it. @returns what it printed, parsed. */
  database<T>(...args: string[]): Promise<T>;
  /** Ends whatever runs and removes the data folder. */
  dispose(): Promise<void>;
}

export async function ownServer(variables: Record<string, string> = {}): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-own-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = {
    ...process.env,
    PORT: String(port),
    DATA_DIR: folder,
    DEMO_DELAY_MS: '2',
    LOG_LEVEL: 'warn',
    APP_ENV: 'test',
    EMBEDDER: 'off',
    ...variables,
  };
  let child: ChildProcess | null = null;
  let output = '';
  // A test that ran out of time does not come to its end: its server must not outlive it.
  process.once('exit', () => child?.kill('SIGKILL'));

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const closed = once(running, 'close');
    running.kill(signal);
    await closed;
  };
  return {
    url,
    start: async ({ aheadMs } = { aheadMs: 0 }) => {
      const moved = aheadMs === 0 ? [] : MOVED_CLOCK;
      const started = spawn(process.execPath, [...TYPESCRIPT, ...moved, 'scripts/start.ts'], {
        env: { ...env, CLOCK_AHEAD_MS: String(aheadMs) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      for (const stream of [started.stdout, started.stderr]) {
        stream?.on('data', (text: Buffer) => {
          output = (output + text.toString()).slice(-20_000);
        });
      }
      const deadline = Date.now() + READY_WITHIN_MS;
      while (!(await answers(`${url}/api/ready`))) {
        if (started.exitCode !== null || Date.now() > deadline) throw new Error(`the server is not ready:\n${output}`);
        await delay(50);
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    database: async <T>(...args: string[]) => {
      const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT, 'e2e/database.ts', ...args], {
        env,
      });
      return JSON.parse(stdout) as T;
    },
    dispose: async () => {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch (error) {
    // Nothing listens yet: fetch says so with a TypeError.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port;
}
