import 'server-only';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Embedder } from './embedder';
import { openOnnxEmbedder } from './onnx-embedder';

const configSchema = z.object({ model_max_length: z.number().optional() });
const DEFAULT_MAX_TOKENS = 512;

/**
 * Any sentence encoder exported to ONNX: a folder with `model.onnx`, `tokenizer.json` and `tokenizer_config.json`, mean
 * pooled unless the graph itself gives a `sentence_embedding`.
 */
export async function openOnnxFolder(folder: string): Promise<Embedder> {
  const [tokenizer, config, model] = await Promise.all([
    readFile(join(folder, 'tokenizer.json')),
    readFile(join(folder, 'tokenizer_config.json'), 'utf8'),
    stat(join(folder, 'model.onnx')),
  ]);
  const { model_max_length: declared } = configSchema.parse(JSON.parse(config));
  // Some configurations say 1e30 for "no limit".
  const maxTokens = Math.min(declared ?? DEFAULT_MAX_TOKENS, DEFAULT_MAX_TOKENS);
  const print = createHash('sha256')
    .update(tokenizer)
    .update(`${model.size} ${model.mtimeMs}`)
    .digest('hex')
    .slice(0, 12);
  return openOnnxEmbedder({
    id: `onnx:${print}:${maxTokens}`,
    folder,
    maxTokens,
  });
}
