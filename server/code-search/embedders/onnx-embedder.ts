import 'server-only';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Worker as WorkerThread } from 'node:worker_threads';
import { z } from 'zod';
import type { Embedder } from './embedder';

/** A model that did not answer its first text within this many milliseconds is taken as not loadable. */
const START_TIMEOUT_MS = 60_000;
/** More threads gain little on a text of 256 tokens. They sleep, not spin, between texts (see the worker). */
const MAX_THREADS = 4;
/** Vectors kept by content hash; 20,000 of 384 floats are 31 MB. */
const CACHE_ENTRIES = 20_000;

const messageSchema = z.union([
  z.object({ ready: z.literal(true), dims: z.number().int().positive() }),
  z.object({ id: z.number().int(), vector: z.instanceof(Float32Array) }),
  z.object({ id: z.number().int(), error: z.string() }),
]);

interface Pending {
  resolve(vector: Float32Array): void;
  reject(error: Error): void;
}

export interface OnnxEmbedderOptions {
  /** See `Embedder.id`. */
  id: string;
  /** Holds `model.onnx`, `tokenizer.json` and `tokenizer_config.json`. */
  folder: string;
  maxTokens: number;
}

/**
 * Starts a worker thread with the model of a folder.
 * @throws Error when the model or the runtime does not load.
 */
export async function openOnnxEmbedder(options: OnnxEmbedderOptions): Promise<Embedder> {
  // By path and through getBuiltinModule: a bundler that sees `new Worker(...)` would try to bundle the file.
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const worker = new Worker(join(process.cwd(), 'server', 'code-search', 'embedders', 'minilm-worker.mjs'), {
    workerData: {
      folder: options.folder,
      maxTokens: options.maxTokens,
      threads: Math.min(MAX_THREADS, availableParallelism()),
    },
    execArgv: [],
  });
  try {
    const dims = await waitUntilReady(worker);
    return new OnnxEmbedder(options, dims, worker);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function waitUntilReady(worker: WorkerThread): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(() => reject(new Error(`the model did not answer within ${START_TIMEOUT_MS} ms`))),
      START_TIMEOUT_MS,
    );
    const onMessage = (value: unknown) => {
      const message = messageSchema.parse(value);
      if ('ready' in message) settle(() => resolve(message.dims));
    };
    const onError = (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error))));
    const onExit = (code: number) => settle(() => reject(new Error(`the model's thread ended with code ${code}`)));
    const settle = (act: () => void) => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

class OnnxEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly maxTokens: number;
  private readonly worker: WorkerThread;
  private readonly pending = new Map<number, Pending>();
  private readonly cache = new Map<string, Float32Array>();
  private nextId = 1;
  private failure: Error | null = null;

  constructor(options: OnnxEmbedderOptions, dims: number, worker: WorkerThread) {
    this.id = options.id;
    this.dims = dims;
    this.maxTokens = options.maxTokens;
    this.worker = worker;
    worker.on('message', (value: unknown) => this.receive(value));
    worker.on('error', (error: unknown) => this.fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => this.fail(new Error(`the model's thread ended with code ${code}`)));
    // An idle model does not keep a command-line process alive; `request` holds it while there is work.
    worker.unref();
  }

  async embedDocuments(texts: readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<Float32Array[]> {
    signal?.throwIfAborted();
    const ids: number[] = [];
    const work = Promise.all(texts.map((text) => this.vectorOf(text, false, (id) => ids.push(id))));
    if (signal === undefined) return await work;
    const onAbort = () => this.cancel(ids, signal);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await work;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  embedQuery(text: string): Promise<Float32Array> {
    return this.vectorOf(text, true);
  }

  async close(): Promise<void> {
    this.fail(new Error('the embedder was closed'));
    await this.worker.terminate();
  }

  private async vectorOf(text: string, urgent: boolean, onId?: (id: number) => void): Promise<Float32Array> {
    const key = createHash('sha256').update(text).digest('base64');
    const cached = this.cache.get(key);
    if (cached !== undefined) return cached;
    const vector = await this.request(text, urgent, onId);
    if (this.cache.size >= CACHE_ENTRIES) {
      const oldest = this.cache.keys().next();
      if (oldest.done !== true) this.cache.delete(oldest.value);
    }
    this.cache.set(key, vector);
    return vector;
  }

  private request(text: string, urgent: boolean, onId?: (id: number) => void): Promise<Float32Array> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const id = this.nextId++;
    onId?.(id);
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ jobs: [{ id, text, urgent }] });
    });
  }

  private receive(value: unknown): void {
    const message = messageSchema.parse(value);
    if ('ready' in message) return;
    const waiting = this.take(message.id);
    if (waiting === undefined) return;
    if ('error' in message) waiting.reject(new Error(`the local model failed: ${message.error}`));
    else waiting.resolve(message.vector);
  }

  private take(id: number): Pending | undefined {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (this.pending.size === 0) this.worker.unref();
    return waiting;
  }

  private cancel(ids: readonly number[], signal: AbortSignal): void {
    this.worker.postMessage({ cancel: ids });
    const reason = signal.reason instanceof Error ? signal.reason : new Error('aborted');
    for (const id of ids) this.take(id)?.reject(reason);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const id of [...this.pending.keys()]) this.take(id)?.reject(this.failure);
  }
}
