import 'server-only';
import { type Embedder, normalize } from './embedder';

/** One metered call of an embedding model; the caller binds who pays for it. */
export type EmbedCall = (texts: string[], signal?: AbortSignal) => Promise<number[][]>;

/** Texts in one call: below the smallest limit of the supported providers (Google: 100). */
const BATCH = 64;
/** Below the smallest input limit of the supported models (2,048 tokens), at three characters a token of code. */
const MAX_CHARACTERS = 6_000;

/** A provider's embedding model, through the metered gateway. `reference` is `provider:model`. */
export function providerEmbedder(reference: string, call: EmbedCall): Embedder {
  let dims = 0;
  const embed = async (texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]> => {
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += BATCH) {
      signal?.throwIfAborted();
      const batch = texts.slice(start, start + BATCH).map((text) => text.slice(0, MAX_CHARACTERS));
      const answer = await call(batch, signal);
      if (answer.length !== batch.length) {
        throw new Error(`${reference} answered ${answer.length} vectors for ${batch.length} texts`);
      }
      for (const values of answer) {
        if (dims === 0) dims = values.length;
        if (values.length === 0 || values.length !== dims || !values.every(Number.isFinite)) {
          throw new Error(`${reference} answered a vector that is not ${dims} finite numbers`);
        }
        vectors.push(normalize(Float32Array.from(values)));
      }
    }
    return vectors;
  };
  return {
    id: reference,
    get dims() {
      return dims;
    },
    maxTokens: 2048,
    embedDocuments: (texts, options) => embed(texts, options?.signal),
    embedQuery: async (text) => {
      const [vector] = await embed([text]);
      if (vector === undefined) throw new Error(`${reference} answered no vector`);
      return vector;
    },
    close: async () => undefined,
  };
}
