/**
 * Runs an ONNX text encoder off the main thread. Plain JavaScript, because `new Worker(path)` loads it without a bundler
 * or a TypeScript loader. Texts are embedded one at a time: dynamic quantization scales by the whole batch, so a batch
 * would make a text's vector depend on its neighbours; and it lets a query overtake waiting documents.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-node';

/**
 * @typedef {{ folder: string, maxTokens: number, threads: number }} Settings
 * @typedef {{ id: number, text: string, urgent: boolean }} Job
 */

/** @type {Settings} */
const settings = workerData;
const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');

/** @param {string} name */
const readJson = (name) => JSON.parse(readFileSync(join(settings.folder, name), 'utf8'));
const tokenizer = new Tokenizer(readJson('tokenizer.json'), readJson('tokenizer_config.json'));
const session = await ort.InferenceSession.create(join(settings.folder, 'model.onnx'), {
  intraOpNumThreads: settings.threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});
const outputName =
  ['sentence_embedding', 'last_hidden_state', 'token_embeddings'].find((name) => session.outputNames.includes(name)) ??
  session.outputNames[0];

/** Longest text handed to the tokenizer, in characters a token: more cannot matter, and it is quadratic for some. */
const CHARACTERS_PER_TOKEN = 12;

/**
 * The first tokens with the closing special token kept.
 * @param {string} text
 */
function encode(text) {
  const { ids } = tokenizer.encode(text.slice(0, settings.maxTokens * CHARACTERS_PER_TOKEN));
  const last = ids.at(-1);
  if (ids.length > settings.maxTokens && last !== undefined) return [...ids.slice(0, settings.maxTokens - 1), last];
  return ids;
}

/** @param {string} text */
async function embed(text) {
  const ids = encode(text);
  const dims = [1, ids.length];
  /** @type {Record<string, (index: number) => bigint>} */
  const values = {
    input_ids: (index) => BigInt(ids[index] ?? 0),
    attention_mask: () => 1n,
    token_type_ids: () => 0n,
    position_ids: (index) => BigInt(index),
  };
  /** @type {Record<string, ort.Tensor>} */
  const feeds = {};
  for (const name of session.inputNames) {
    const value = values[name];
    if (value === undefined) throw new Error(`the model asks for an input named ${name}`);
    feeds[name] = new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: ids.length }, (_, index) => value(index)),
      dims,
    );
  }
  const output = (await session.run(feeds))[outputName];
  if (output === undefined || !(output.data instanceof Float32Array)) throw new Error('the model gave no float vector');
  return pool(output.data, output.dims);
}

/**
 * Mean over the tokens (the sentence is alone, so none is padding), scaled to length 1.
 * @param {Float32Array} data
 * @param {readonly number[]} dims
 */
function pool(data, dims) {
  const width = dims.at(-1) ?? data.length;
  const rows = data.length / width;
  const mean = new Float32Array(width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) mean[column] += data[row * width + column];
  }
  let sum = 0;
  for (const value of mean) sum += value * value;
  const factor = sum > 0 ? 1 / Math.sqrt(sum) : 0;
  return mean.map((value) => value * factor);
}

/** @type {Job[]} */
const urgent = [];
/** @type {Job[]} */
const waiting = [];
let working = false;

async function work() {
  if (working) return;
  working = true;
  for (let job = urgent.shift() ?? waiting.shift(); job !== undefined; job = urgent.shift() ?? waiting.shift()) {
    try {
      const vector = await embed(job.text);
      port?.postMessage({ id: job.id, vector }, [vector.buffer]);
    } catch (error) {
      port?.postMessage({
        id: job.id,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
  working = false;
}

port.on('message', (/** @type {{ jobs?: Job[], cancel?: number[] }} */ message) => {
  for (const job of message.jobs ?? []) (job.urgent ? urgent : waiting).push(job);
  if (message.cancel !== undefined) {
    const gone = new Set(message.cancel);
    for (let index = waiting.length - 1; index >= 0; index--) {
      const job = waiting[index];
      if (job !== undefined && gone.has(job.id)) waiting.splice(index, 1);
    }
  }
  void work();
});

// One pass tells the width and that the whole path works, before anyone relies on it.
port.postMessage({ ready: true, dims: (await embed('ready')).length });
