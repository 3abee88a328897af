import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeMiniLm } from '@/scripts/local-model/write-minilm';
import type { Embedder } from './embedder';
import { openLocalMiniLm } from './local-minilm';
import { openOnnxFolder } from './onnx-folder';
import { providerEmbedder } from './provider-embedder';

function similarity(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined) throw new Error('no vector');
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

describe('the local model', () => {
  let written: string;
  let folder: string;
  let embedder: Embedder;

  beforeAll(async () => {
    written = await mkdtemp(join(tmpdir(), 'plumbline-model-'));
    folder = join(written, 'models', 'minilm');
    await writeMiniLm(folder);
    embedder = await openLocalMiniLm(folder);
  });
  afterAll(async () => {
    await embedder.close();
    await rm(written, { recursive: true, force: true });
  });

  it('puts paraphrases close and unrelated texts far', async () => {
    const pairs: [string, string][] = [
      ['How do I reset my password?', 'Steps to recover a forgotten account password'],
      ['parse a comma separated file', 'reads CSV rows into records'],
      ['The cat sleeps on the sofa', 'A kitten is napping on the couch'],
    ];
    const left = await embedder.embedDocuments(pairs.map(([text]) => text));
    const right = await embedder.embedDocuments(pairs.map(([, text]) => text));
    for (const [row, vector] of left.entries()) {
      for (const [column, other] of right.entries()) {
        if (row === column) expect(similarity(vector, other)).toBeGreaterThan(0.4);
        else expect(similarity(vector, other)).toBeLessThan(0.2);
      }
    }
  });

  it('is close to the published model on a pair with a known value', async () => {
    // sentence-transformers documentation: all-MiniLM-L6-v2, 0.6660 for these two sentences.
    const [a, b] = await embedder.embedDocuments(['The weather is lovely today.', "It's so sunny outside!"]);
    expect(similarity(a, b)).toBeCloseTo(0.666, 1);
  });

  it('gives the same vector alone, among others, as a query and from a second process of the model', async () => {
    const text = 'export function add(a: number, b: number): number';
    const second = await openLocalMiniLm(folder);
    const [among] = await second.embedDocuments([text, 'other', 'x '.repeat(2_000)]);
    await second.close();
    expect(await embedder.embedQuery(text)).toEqual(among);
    expect(similarity(among, among)).toBeCloseTo(1, 5);
    expect(among).toHaveLength(embedder.dims);
  });

  it('takes odd input: empty, enormous, control characters, half a surrogate pair', async () => {
    const vectors = await embedder.embedDocuments(['', 'a'.repeat(100_000), '\0\u0007', '\ud800', '💥'.repeat(500)]);
    for (const vector of vectors) expect(similarity(vector, vector)).toBeCloseTo(1, 4);
  });

  it('stops when aborted, and goes on afterwards', async () => {
    const controller = new AbortController();
    const texts = Array.from({ length: 200 }, (_, index) => `${index} ${'some words '.repeat(100)}`);
    const work = embedder.embedDocuments(texts, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(await embedder.embedQuery('still there')).toHaveLength(384);
  });

  it('leaves one whole folder, which also opens as a folder of its own', async () => {
    expect(await readdir(join(written, 'models'))).toEqual(['minilm']);
    expect(existsSync(join(folder, 'model.onnx'))).toBe(true);
    const other = await openOnnxFolder(folder);
    expect(other.id).not.toBe(embedder.id);
    expect(similarity(await other.embedQuery('hello'), await embedder.embedQuery('hello'))).toBeCloseTo(1, 5);
    await other.close();
  });

  it('names the command that writes its files where they are missing', async () => {
    await expect(openLocalMiniLm(join(written, 'nothing'))).rejects.toThrow('npm run build:inputs');
  });

  it('says so when a model does not load', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plumbline-broken-'));
    for (const name of ['model.onnx', 'tokenizer.json', 'tokenizer_config.json'])
      await writeFile(join(folder, name), '{}');
    await expect(openOnnxFolder(folder)).rejects.toThrow();
    await rm(folder, { recursive: true, force: true });
  });
});

describe('a provider', () => {
  it('is called in batches, in order, and scaled to length 1', async () => {
    const sizes: number[] = [];
    const embedder = providerEmbedder('openai:test', async (texts) => {
      sizes.push(texts.length);
      return texts.map((text) => [Number(text), 4]);
    });
    const vectors = await embedder.embedDocuments(Array.from({ length: 130 }, () => '3'));
    expect(sizes).toEqual([64, 64, 2]);
    expect([...(vectors[129] ?? [])].map((value) => value.toFixed(3))).toEqual(['0.600', '0.800']);
    expect(embedder.dims).toBe(2);
  });

  it.each([
    [[[1, 2]]],
    [[[1, 2], []]],
    [
      [
        [1, 2],
        [1, Number.NaN],
      ],
    ],
    [
      [
        [1, 2],
        [1, 2, 3],
      ],
    ],
  ])('refuses a wrong answer: %j', async (answer) => {
    await expect(providerEmbedder('google:test', async () => answer).embedDocuments(['a', 'b'])).rejects.toThrow(
      'google:test answered',
    );
  });
});
