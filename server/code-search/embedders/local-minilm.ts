import 'server-only';
import type { Embedder } from './embedder';
import { openOnnxEmbedder } from './onnx-embedder';
import { writeMiniLm } from './write-minilm';

/** Input length the model was tuned for (its sentence-transformers configuration); it accepts no more than 512. */
const MAX_TOKENS = 256;

/**
 * all-MiniLM-L6-v2 on this machine: no download, no key, no cost.
 * @param dataDir folder that receives the model file, 23 MB, once.
 */
export async function openLocalMiniLm(dataDir: string): Promise<Embedder> {
  return openOnnxEmbedder({
    id: `local:all-minilm-l6-v2:u8:${MAX_TOKENS}`,
    folder: await writeMiniLm(dataDir),
    maxTokens: MAX_TOKENS,
  });
}
