import 'server-only';
import { join } from 'node:path';
import type { Worker as WorkerThread } from 'node:worker_threads';
import { z } from 'zod';
import { logger } from '@/server/platform/logger';
import type { SandboxLimits } from '../sandbox';

/** Why a watched command is ended. `unwatched`: the watching thread failed, and nothing runs without its limits. */
export type WatchReason = 'memory' | 'processes' | 'disk' | 'unwatched';

const reportSchema = z.union([
  z.object({ id: z.number(), ready: z.literal(true) }),
  z.object({ id: z.number(), why: z.enum(['memory', 'processes', 'disk', 'unwatched']) }),
]);

interface Watched {
  onReady(): void;
  onEnd(why: WatchReason): void;
}

const watched = new Map<number, Watched>();
let nextId = 1;
let thread: WorkerThread | undefined;

/**
 * Watches all processes below `wrapper` and all that they write. Resource limits of the system count a process at a time,
 * and control groups need rights that the server may not have.
 * @param onEnd called at most once, when a limit is passed; the processes have been sent SIGKILL by then.
 * @returns resolves when the command may start: what was in the folder before has been counted. Its value ends the watch.
 */
export async function watch(
  wrapper: number,
  folder: string,
  limits: SandboxLimits,
  onEnd: (why: WatchReason) => void,
): Promise<() => void> {
  const id = nextId++;
  const worker = watchingThread();
  await new Promise<void>((onReady) => {
    watched.set(id, {
      onReady,
      onEnd: (why) => {
        watched.delete(id);
        onEnd(why);
        onReady();
      },
    });
    const { memoryBytes, processes, writtenBytes, fileBytes, files } = limits;
    worker.ref();
    worker.postMessage({ id, wrapper, folder, limits: { memoryBytes, processes, writtenBytes, fileBytes, files } });
  });
  return () => {
    watched.delete(id);
    worker.postMessage({ id, stop: true });
    if (watched.size === 0) worker.unref();
  };
}

/** One for all commands of this process. */
function watchingThread(): WorkerThread {
  if (thread !== undefined) return thread;
  // By path and through getBuiltinModule: a bundler that sees `new Worker(...)` would try to bundle the file.
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const worker = new Worker(join(process.cwd(), 'server', 'workspace', 'sandbox', 'watch', 'watch-worker.mjs'), {
    execArgv: [],
  });
  worker.on('message', (message: unknown) => {
    const report = reportSchema.parse(message);
    const entry = watched.get(report.id);
    if ('ready' in report) entry?.onReady();
    else entry?.onEnd(report.why);
  });
  const onFailure = (cause: unknown) => {
    if (thread !== worker) return;
    logger().error({ err: cause }, 'the thread that watches commands ended; what runs is ended too');
    thread = undefined;
    for (const entry of [...watched.values()]) entry.onEnd('unwatched');
  };
  worker.on('error', onFailure);
  worker.on('exit', onFailure);
  thread = worker;
  return worker;
}
