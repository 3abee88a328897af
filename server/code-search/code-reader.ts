import 'server-only';
import { z } from 'zod';
import { BoundedThread, ThreadError } from '@/server/platform/bounded-thread';
import { logger } from '@/server/platform/logger';
import { type Chunk, lineChunks } from './chunk';
import type { CodeQuestion } from './code-thread';
import { pathMap, type RepoMapInput } from './render-map';

/** Milliseconds to split one file; one that takes longer is split by lines. */
const CHUNK_MS = 5_000;
/** Milliseconds for the map of a whole project; after that it lists the paths alone. */
const MAP_MS = 30_000;

/** Grammars run over what strangers wrote: neither their time nor their memory is the server's. */
const thread = new BoundedThread({ module: 'server/code-search/code-thread.ts', memoryMb: 1024, stackMb: 16 });

const chunksSchema: z.ZodType<Chunk[]> = z.array(
  z.object({
    path: z.string(),
    symbol: z.string().nullable(),
    kind: z.string(),
    startLine: z.number(),
    endLine: z.number(),
    content: z.string(),
    header: z.string(),
  }),
);

/** The parts of a file by its syntax; by lines where its syntax cannot be read in time. */
export function readChunks(path: string, text: string): Promise<Chunk[]> {
  return ask({ chunk: { path, text } }, chunksSchema, CHUNK_MS, () => lineChunks(path, text));
}

/** See `buildRepoMap`. */
export function readRepoMap(input: RepoMapInput): Promise<string> {
  return ask({ map: input }, z.string(), MAP_MS, () => pathMap(input));
}

async function ask<T>(question: CodeQuestion, schema: z.ZodType<T>, timeoutMs: number, without: () => T): Promise<T> {
  try {
    return await thread.call(question, schema, { timeoutMs });
  } catch (error) {
    if (!(error instanceof ThreadError)) throw error;
    logger().warn(
      { err: error, path: 'chunk' in question ? question.chunk.path : null },
      'code was read without its syntax',
    );
    return without();
  }
}
