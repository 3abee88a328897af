import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

interface Held {
  /** The longest work between two turns of this thread's event loop, CPU milliseconds. Other processes do not count. */
  longestMs: number;
  /** Turns of this thread for each turn of a thread that only idles. A busy machine delays both alike. */
  turns: number;
}

/** What a thread does that answers at once: so long would a request for /api/health wait at most, and so many turns it takes. */
export const FREE = { longestMs: 100, turns: 1 / 4 };
const TURN_MS = 10;

/** Starts to watch this thread beside an idle one. The answer ends the watch. */
export async function watchThread(): Promise<() => Promise<Held>> {
  const idleTurns = new Int32Array(new SharedArrayBuffer(4));
  const idle = new Worker(
    `const { workerData } = require('node:worker_threads'); setInterval(() => Atomics.add(workerData, 0, 1), ${TURN_MS});`,
    { eval: true, workerData: idleTurns },
  );
  await once(idle, 'online');
  const cpu = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let [last, longestMs, turns] = [cpu(), 0, 0];
  const take = () => {
    const now = cpu();
    [last, longestMs] = [now, Math.max(longestMs, now - last)];
  };
  const timer = setInterval(() => {
    take();
    turns++;
  }, TURN_MS);
  return async () => {
    take();
    clearInterval(timer);
    const ratio = turns / Math.max(1, Atomics.load(idleTurns, 0));
    await idle.terminate();
    return { longestMs, turns: ratio };
  };
}
