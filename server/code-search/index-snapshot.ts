import 'server-only';
import { toSql } from 'pgvector';
import { z } from 'zod';
import { now } from '@/server/platform/clock';
import { db, inTx, type Tx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { readFiles, readTree, type Tree } from '@/server/workspace/snapshots';
import type { Chunk } from './chunk';
import { readChunks } from './code-reader';
import type { Embedder } from './embedders/embedder';
import { type EmbedCallFor, type EmbedderChoice, selectEmbedder } from './select-embedder';
import { type ReadyChunk, writeChunks } from './write-chunks';

export interface IndexSnapshotInput {
  organizationId: string;
  projectId: string;
  snapshotId: string;
  /** Needed when EMBEDDER names a provider: the metered call on this organization's account. */
  embedCallFor?: EmbedCallFor;
  /** Instead of the configured embedder. */
  embedder?: EmbedderChoice;
  signal?: AbortSignal;
}

export interface IndexOutcome {
  /** `superseded`: a newer snapshot is or is being indexed; nothing is left to do. */
  status: 'indexed' | 'superseded';
  filesIndexed: number;
  filesRemoved: number;
  chunkCount: number;
  /** How many chunks needed the model; the others kept or reused a vector. */
  embedded: number;
  note: string | null;
}

const FILES_PER_READ = 50;
const TEXTS_PER_EMBED = 64;
/** Written by tools, long, and never what a question is about. */
const NOT_INDEXED =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|poetry\.lock|composer\.lock|Gemfile\.lock|go\.sum)$|\.min\.(js|css)$|\.map$|\.svg$/;

/**
 * Makes a project's chunks those of a snapshot. Only files that differ (in content or embedder) are chunked and embedded;
 * that is outside of any transaction. The first write removes everything stale, each write replaces whole files, and the
 * difference is taken from the rows themselves: after a crash there are chunks missing but none stale, and running it
 * again does the rest. Running it twice, also at once, gives the same rows.
 */
export async function indexSnapshot(input: IndexSnapshotInput): Promise<IndexOutcome> {
  const { organizationId, projectId, snapshotId } = input;
  const owned = await db().snapshot.findFirst({
    where: { id: snapshotId, organizationId, projectId },
    select: { id: true },
  });
  if (owned === null) throw notFound('Snapshot');
  const tree = await readTree(db(), { organizationId, snapshotId });
  for (const path of [...tree.keys()]) if (NOT_INDEXED.test(path)) tree.delete(path);
  const choice = input.embedder ?? (await selectEmbedder(input.embedCallFor));
  const target = choice.embedder?.id ?? null;
  const state = await readState(input);
  const changed = [...tree]
    .filter(([path, { sha256 }]) => !isCurrent(state.get(path), sha256, target))
    .map(([path]) => path);
  const removed = [...state.keys()].filter((path) => !tree.has(path));

  // Read before the stale rows go: most parts of a changed file are as they were.
  const known = target === null ? new Map<string, string>() : await knownVectors(input, changed, target);

  const begun = await inTx((tx) => begin(tx, input, tree));
  if (!begun)
    return {
      status: 'superseded',
      filesIndexed: 0,
      filesRemoved: 0,
      chunkCount: 0,
      embedded: 0,
      note: null,
    };

  let note = choice.reason;
  let embedder = choice.embedder;
  let embedded = 0;
  for (let start = 0; start < changed.length; start += FILES_PER_READ) {
    input.signal?.throwIfAborted();
    const chunks = await chunkFiles(input, tree, changed.slice(start, start + FILES_PER_READ));
    if (embedder !== null) {
      for (const chunk of chunks) chunk.vector = known.get(keyOf(chunk.path, chunk.symbol, chunk.content)) ?? null;
      try {
        embedded += await embedMissing(chunks, embedder, input.signal);
      } catch (error) {
        input.signal?.throwIfAborted();
        // The files are still found by their words. Their rows say that they have no vector, so the next run embeds them.
        logger().warn({ err: error, projectId }, 'embedding failed; indexing without vectors');
        note = `some files could not be embedded (${error instanceof Error ? error.message.slice(0, 200) : 'unknown error'})`;
        embedder = null;
      }
    }
    const written = await writeChunks(
      input,
      changed.slice(start, start + FILES_PER_READ),
      chunks,
      choice.embedder?.id ?? null,
    );
    if (!written)
      return {
        status: 'superseded',
        filesIndexed: 0,
        filesRemoved: removed.length,
        chunkCount: 0,
        embedded,
        note: null,
      };
  }
  const chunkCount = await finish(input, target, note);
  return {
    status: 'indexed',
    filesIndexed: changed.length,
    filesRemoved: removed.length,
    chunkCount,
    embedded,
    note,
  };
}

interface FileState {
  blobShas: string[];
  embedderIds: (string | null)[];
}

const stateRows = z.array(
  z.object({
    path: z.string(),
    blobSha: z.string(),
    embedderId: z.string().nullable(),
  }),
);

/** What the rows say is indexed, per path. */
async function readState({ organizationId, projectId }: IndexSnapshotInput): Promise<Map<string, FileState>> {
  const rows = stateRows.parse(
    await db().$queryRaw`
      SELECT DISTINCT "path", "blobSha", "embedderId" FROM "CodeChunk"
      WHERE "projectId" = ${projectId} AND "organizationId" = ${organizationId}`,
  );
  const state = new Map<string, FileState>();
  for (const { path, blobSha, embedderId } of rows) {
    const entry = state.get(path) ?? { blobShas: [], embedderIds: [] };
    entry.blobShas.push(blobSha);
    entry.embedderIds.push(embedderId);
    state.set(path, entry);
  }
  return state;
}

/** Without an embedder, vectors that are there stay: it may only be away for a while, and search does not use them then. */
function isCurrent(state: FileState | undefined, sha256: string, embedderId: string | null): boolean {
  if (state === undefined || !state.blobShas.every((sha) => sha === sha256)) return false;
  return embedderId === null || state.embedderIds.every((id) => id === embedderId);
}

/** Claims the index for this snapshot and removes what is stale. False when a newer snapshot has claimed it. */
async function begin(tx: Tx, input: IndexSnapshotInput, tree: Tree): Promise<boolean> {
  const { organizationId, projectId, snapshotId } = input;
  const claimed = await tx.$executeRaw`
    INSERT INTO "CodeIndex" ("projectId", "organizationId", "snapshotId", "note", "updatedAt")
    VALUES (${projectId}, ${organizationId}, ${snapshotId}, 'indexing', ${now()})
    ON CONFLICT ("projectId") DO UPDATE SET "snapshotId" = excluded."snapshotId", "note" = excluded."note", "updatedAt" = excluded."updatedAt"
    WHERE "CodeIndex"."organizationId" = excluded."organizationId"
      AND COALESCE((SELECT s."seq" FROM "Snapshot" s WHERE s."id" = "CodeIndex"."snapshotId"), 0)
       <= (SELECT s."seq" FROM "Snapshot" s WHERE s."id" = excluded."snapshotId")`;
  if (claimed === 0) return false;
  const current = JSON.stringify([...tree].map(([path, { sha256 }]) => ({ path, sha256 })));
  await tx.$executeRaw`
    DELETE FROM "CodeChunk" c WHERE c."projectId" = ${projectId} AND c."organizationId" = ${organizationId} AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(${current}::jsonb) AS t(path text, sha256 text)
      WHERE t.path = c."path" AND t.sha256 = c."blobSha")`;
  return true;
}

async function chunkFiles(input: IndexSnapshotInput, tree: Tree, paths: readonly string[]): Promise<ReadyChunk[]> {
  const files = await readFiles(db(), input, paths);
  const chunks: ReadyChunk[] = [];
  for (const [path, text] of files) {
    const blobSha = tree.get(path)?.sha256 ?? '';
    for (const chunk of await readChunks(path, text)) chunks.push({ ...chunk, blobSha, vector: null });
  }
  return chunks;
}

const reuseRows = z.array(
  z.object({
    path: z.string(),
    symbol: z.string().nullable(),
    content: z.string(),
    embedding: z.string(),
  }),
);

/** Vectors of the parts that these files had before: the same text under the same path has the same vector. */
async function knownVectors(
  { organizationId, projectId }: IndexSnapshotInput,
  paths: readonly string[],
  embedderId: string,
): Promise<Map<string, string>> {
  if (paths.length === 0) return new Map();
  const rows = reuseRows.parse(
    await db().$queryRaw`
      SELECT "path", "symbol", "content", "embedding"::text AS "embedding" FROM "CodeChunk"
      WHERE "projectId" = ${projectId} AND "organizationId" = ${organizationId} AND "embedderId" = ${embedderId}
        AND "embedding" IS NOT NULL AND "path" = ANY(${[...paths]}::text[])`,
  );
  return new Map(rows.map(({ path, symbol, content, embedding }) => [keyOf(path, symbol, content), embedding]));
}

function keyOf(path: string, symbol: string | null, content: string): string {
  return JSON.stringify([path, symbol, content]);
}

/** What the embedder reads: header, then content. */
export function embeddedText({ header, content }: Pick<Chunk, 'header' | 'content'>): string {
  return `${header}\n${content}`;
}

async function embedMissing(
  chunks: readonly ReadyChunk[],
  embedder: Embedder,
  signal: AbortSignal | undefined,
): Promise<number> {
  const missing = chunks.filter(({ vector }) => vector === null);
  for (let start = 0; start < missing.length; start += TEXTS_PER_EMBED) {
    const batch = missing.slice(start, start + TEXTS_PER_EMBED);
    const vectors = await embedder.embedDocuments(batch.map(embeddedText), signal === undefined ? {} : { signal });
    for (const [index, chunk] of batch.entries()) {
      const vector = vectors[index];
      if (vector === undefined)
        throw new Error(`${embedder.id} gave ${vectors.length} vectors for ${batch.length} texts`);
      chunk.vector = toSql(Array.from(vector));
    }
  }
  return missing.length;
}

async function finish(input: IndexSnapshotInput, embedderId: string | null, note: string | null): Promise<number> {
  const { organizationId, projectId, snapshotId } = input;
  const chunkCount = await db().codeChunk.count({
    where: { organizationId, projectId },
  });
  await db().codeIndex.updateMany({
    where: { organizationId, projectId, snapshotId },
    data: { embedderId, chunkCount, note, updatedAt: now() },
  });
  return chunkCount;
}
