import 'server-only';
import { env } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';
import type { Embedder } from './embedders/embedder';
import { openLocalMiniLm } from './embedders/local-minilm';
import { openOnnxFolder } from './embedders/onnx-folder';
import { type EmbedCall, providerEmbedder } from './embedders/provider-embedder';

/** The configured embedder, or why there is none: then search is lexical and says so. */
export type EmbedderChoice = { embedder: Embedder; reason: null } | { embedder: null; reason: string };

/** Gives the metered call for a `provider:model`, on behalf of the person the work is for. */
export type EmbedCallFor = (reference: string) => EmbedCall;

/** A model that did not load is tried again after this time. */
const RETRY_AFTER_MS = 60_000;

/** One local model a process, also across Next's bundles. */
const holder = globalThis as typeof globalThis & {
  plumblineEmbedder?: {
    key: string;
    choice: Promise<EmbedderChoice>;
    failedAt: number | null;
  };
};

/** The embedder that EMBEDDER and EMBEDDING_MODEL_PATH name. Never throws. */
export async function selectEmbedder(embedCallFor?: EmbedCallFor): Promise<EmbedderChoice> {
  const { EMBEDDER, EMBEDDING_MODEL_PATH } = env();
  if (EMBEDDER === 'off')
    return {
      embedder: null,
      reason: 'embeddings are switched off (EMBEDDER=off)',
    };
  if (EMBEDDER !== 'local') {
    if (embedCallFor === undefined)
      return {
        embedder: null,
        reason: `no access to the embedding model ${EMBEDDER} here`,
      };
    return {
      embedder: providerEmbedder(EMBEDDER, embedCallFor(EMBEDDER)),
      reason: null,
    };
  }
  const key = EMBEDDING_MODEL_PATH ?? '';
  const held = holder.plumblineEmbedder;
  const expired = held?.failedAt != null && performance.now() - held.failedAt > RETRY_AFTER_MS;
  if (held !== undefined && held.key === key && !expired) return held.choice;
  const entry: {
    key: string;
    choice: Promise<EmbedderChoice>;
    failedAt: number | null;
  } = {
    key,
    failedAt: null,
    choice: open(() => (EMBEDDING_MODEL_PATH === undefined ? openLocalMiniLm() : openOnnxFolder(EMBEDDING_MODEL_PATH))),
  };
  holder.plumblineEmbedder = entry;
  const choice = await entry.choice;
  if (choice.embedder === null) entry.failedAt = performance.now();
  return choice;
}

async function open(opening: () => Promise<Embedder>): Promise<EmbedderChoice> {
  try {
    return { embedder: await opening(), reason: null };
  } catch (error) {
    logger().warn({ err: error }, 'the local embedding model did not load; code search is lexical');
    return {
      embedder: null,
      reason: `the local embedding model did not load (${messageOf(error)})`,
    };
  }
}

/** The first line of an error's message, without this machine's folder. */
function messageOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replaceAll(process.cwd(), '.').slice(0, 200);
}

/** Frees the local model, for tests and orderly shutdown. */
export async function closeEmbedder(): Promise<void> {
  const held = holder.plumblineEmbedder;
  delete holder.plumblineEmbedder;
  await (await held?.choice)?.embedder?.close();
}
