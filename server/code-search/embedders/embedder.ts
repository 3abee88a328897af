import 'server-only';

/** Turns text into vectors of one space. Vectors of two embedders are never compared: `id` says which space. */
export interface Embedder {
  /** Names model, precision and input length: any change that moves the vectors changes the id and re-indexes. */
  readonly id: string;
  /** Length of every vector. */
  readonly dims: number;
  /** Longest input in the model's own tokens; the rest of a longer text is not seen. */
  readonly maxTokens: number;
  /** One vector of Euclidean length 1 per text, in order. */
  embedDocuments(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Float32Array[]>;
  /** The vector of a question. Goes ahead of waiting documents. */
  embedQuery(text: string): Promise<Float32Array>;
  /** Frees the runtime. */
  close(): Promise<void>;
}

/** Scales to Euclidean length 1, so that cosine order is inner product order. A zero vector stays zero. */
export function normalize(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const factor = sum > 0 ? 1 / Math.sqrt(sum) : 0;
  for (let index = 0; index < vector.length; index++) vector[index] = (vector[index] ?? 0) * factor;
  return vector;
}
