import 'server-only';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Embedder } from './embedder';
import { openOnnxEmbedder } from './onnx-embedder';

/** Written by `scripts/local-model/write-minilm.ts`. The name changes when the written graph changes. */
export const MINILM_FOLDER = join('.models', 'all-minilm-l6-v2-u8-2');

/** Input length the model was tuned for (its sentence-transformers configuration); it accepts no more than 512. */
const MAX_TOKENS = 256;

/** all-MiniLM-L6-v2 on this machine: no download, no key, no cost. */
export async function openLocalMiniLm(folder = MINILM_FOLDER): Promise<Embedder> {
  // The bundler would take a path that it cannot read as a wish for the whole project.
  if (!existsSync(/* turbopackIgnore: true */ folder))
    throw new Error('its files are missing: `npm run build:inputs` writes them');
  return openOnnxEmbedder({ id: `local:all-minilm-l6-v2:u8:${MAX_TOKENS}`, folder, maxTokens: MAX_TOKENS });
}
