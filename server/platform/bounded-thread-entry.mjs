/**
 * What a `BoundedThread` runs: it loads one TypeScript module and answers each message by the module's `handle`.
 * Plain JavaScript, because `new Worker(path)` loads it without a bundler or a TypeScript loader.
 */
import { parentPort, workerData } from 'node:worker_threads';
import '../../scripts/register.mjs';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');

/** @type {{ handle: (input: unknown) => unknown }} */
const { handle } = await import(workerData.module);

port.on('message', async (/** @type {unknown} */ input) => {
  try {
    port.postMessage({ value: await handle(input) });
  } catch (error) {
    port.postMessage({ failure: error instanceof Error ? error.message : String(error) });
  }
});
port.postMessage({ ready: true });
