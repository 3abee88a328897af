import 'server-only';
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** A program of the server in a process of its own, on the database that a test names in its environment. */
export interface ServerProcess {
  pid: number;
  /** Resolves with the first group of the first line that matches; rejects when the process ends before. */
  says(line: RegExp, withinMs?: number): Promise<string>;
  /** Resolves with the exit code once it has ended; null: ended by a signal. */
  ended: Promise<number | null>;
  /** Ends it and waits for that. SIGKILL leaves it no time to say goodbye. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  output(): string;
}

const running = new Set<ChildProcess>();
// A test that ran out of time does not come to its end: its processes must not outlive it.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function startProcess(program: string, env: Record<string, string | undefined>): ServerProcess {
  const child = spawn(process.execPath, ['--import', './scripts/register.mjs', program], {
    env: { ...process.env, EMBEDDER: 'off', SANDBOX: 'off', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      output = (output + text.toString()).slice(-20_000);
    });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => output,
    says: (line, withinMs = 120_000) =>
      eventually(
        async () => {
          const found = line.exec(output);
          if (found === null && !running.has(child)) throw new Error(`${program} ended:\n${output}`);
          return found === null ? null : (found[1] ?? found[0]);
        },
        withinMs,
        () => `${program} says ${line}:\n${output}`,
      ),
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}

/** The first answer that is not null, asked for every 20 ms. @throws Error when none came in time */
export async function eventually<T>(
  read: () => Promise<T | null>,
  withinMs: number,
  what: string | (() => string),
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (value !== null) return value;
    if (Date.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await delay(20);
  }
}
