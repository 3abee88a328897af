import 'server-only';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker as WorkerThread } from 'node:worker_threads';
import { z } from 'zod';

/** A loaded machine gives a thread little time: it has this many times its limit, while it has worked for less than the limit. */
const STARVED_FACTOR = 6;
/** A thread that has not loaded its module after this many milliseconds does not work here. */
const START_TIMEOUT_MS = 60_000;

const answerSchema = z.union([z.object({ value: z.unknown() }).strict(), z.object({ failure: z.string() })]);

/** Why a call of a `BoundedThread` gave no answer. */
export type ThreadEnd = 'time' | 'memory' | 'crash' | 'failed';

/** The call gave no answer; the process and later calls are unharmed. */
export class ThreadError extends Error {
  constructor(
    readonly end: ThreadEnd,
    message: string,
  ) {
    super(message);
  }
}

export interface ThreadOptions {
  /** Path from the project's folder of a module that exports `handle(input)`; it may be TypeScript. */
  module: string;
  /** Largest JavaScript heap of the thread, MiB. */
  memoryMb: number;
  /** Stack of the thread, MiB: how deep recursive code may go before it throws a RangeError. */
  stackMb: number;
}

export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * One worker thread for work on text that strangers wrote. Calls run one after the other, in the order they came. A call that
 * passes its time or the thread's memory is ended with its thread; the next call gets a new thread.
 */
export class BoundedThread {
  private readonly options: ThreadOptions;
  private worker: WorkerThread | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: ThreadOptions) {
    this.options = options;
  }

  /**
   * @param options.timeoutMs processor time of the thread since it took the call up; six times as long on the clock. Before Node
   * 24.6 it is time on the clock alone.
   * @throws ThreadError when there is no answer; the signal's reason when it is aborted.
   */
  async call<T>(input: unknown, schema: z.ZodType<T>, options: CallOptions): Promise<T> {
    const answer = this.last.then(() => this.perform(input, options));
    this.last = answer.catch(() => undefined);
    return schema.parse(await answer);
  }

  private async perform(input: unknown, { timeoutMs, signal }: CallOptions): Promise<unknown> {
    signal?.throwIfAborted();
    const worker = await this.running();
    const reply = await this.exchange(worker, timeoutMs, signal, () => worker.postMessage(input));
    const answer = answerSchema.parse(reply);
    if ('failure' in answer) throw new ThreadError('failed', answer.failure);
    return answer.value;
  }

  /** The thread, started when there is none. */
  private async running(): Promise<WorkerThread> {
    if (this.worker !== null) return this.worker;
    const { module, memoryMb, stackMb } = this.options;
    // By path and through getBuiltinModule: a bundler that sees `new Worker(...)` would try to bundle the file.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const worker = new Worker(join(process.cwd(), 'server', 'platform', 'bounded-thread-entry.mjs'), {
      workerData: { module: pathToFileURL(join(/* turbopackIgnore: true */ process.cwd(), module)).href },
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, stackSizeMb: stackMb },
      execArgv: [],
    });
    const forget = () => {
      if (this.worker === worker) this.worker = null;
    };
    // A thread may also die between two calls; an `error` event that nobody hears would end the process.
    worker.on('error', forget).on('exit', forget);
    this.worker = worker;
    await this.exchange(worker, START_TIMEOUT_MS, undefined, () => undefined);
    return worker;
  }

  /** Sends, and waits for the next message. Ends the thread when none comes. */
  private exchange(
    worker: WorkerThread,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    send: () => void,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (act: () => void) => {
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        // An idle thread does not keep a command-line process alive.
        worker.unref();
        act();
      };
      const end = (reason: unknown) =>
        settle(() => {
          this.worker = null;
          void worker.terminate();
          reject(reason);
        });
      const onMessage = (value: unknown) => settle(() => resolve(value));
      const onError = (error: unknown) => end(crash(error));
      const onExit = (code: number) => end(new ThreadError('crash', `the thread ended with code ${code}`));
      const onAbort = () => end(signal?.reason);
      const began = performance.now();
      const before = processorMs(worker);
      const expire = async () => {
        const [first, now] = [await before, await processorMs(worker)];
        if (settled) return;
        const left = first === null || now === null ? 0 : timeoutMs - (now - first);
        if (left > 0 && performance.now() - began < timeoutMs * STARVED_FACTOR)
          timer = setTimeout(expire, Math.max(left, SHORTEST_LOOK_MS));
        else end(new ThreadError('time', `no answer within ${timeoutMs / 1000} s`));
      };
      let timer = setTimeout(expire, timeoutMs);
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      signal?.addEventListener('abort', onAbort, { once: true });
      worker.ref();
      send();
    });
  }
}

/** Milliseconds between two looks at a thread that gets little time. */
const SHORTEST_LOOK_MS = 20;

/** Processor time that a thread has used, milliseconds; null where this Node cannot tell, or the thread has ended. */
async function processorMs(worker: WorkerThread): Promise<number | null> {
  // Node 22 has no such method.
  if (!('cpuUsage' in worker)) return null;
  try {
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1000;
  } catch {
    return null;
  }
}

function crash(error: unknown): ThreadError {
  const message = error instanceof Error ? error.message : String(error);
  const memory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new ThreadError(memory ? 'memory' : 'crash', message);
}
