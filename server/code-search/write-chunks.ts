import 'server-only';
import { now } from '@/server/platform/clock';
import { inTx, type Tx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import type { Chunk } from './chunk';
import { lexicalWords, projectLexeme } from './split-identifiers';

/** Chunks written in one transaction: some 0.1 s on the embedded database, where everything else waits for it. */
const CHUNKS_PER_WRITE = 64;

/** A chunk with all that its row holds. `vector` is pgvector's text form. */
export interface ReadyChunk extends Chunk {
  blobSha: string;
  vector: string | null;
}

export interface WriteTarget {
  organizationId: string;
  projectId: string;
  /** The snapshot that must still hold the index's claim. */
  snapshotId: string;
}

/** Replaces whole files, in transactions of a bounded size. Returns false when a newer snapshot has claimed the index. */
export async function writeChunks(
  target: WriteTarget,
  paths: readonly string[],
  chunks: readonly ReadyChunk[],
  embedderId: string | null,
): Promise<boolean> {
  const byPath = Map.groupBy(chunks, ({ path }) => path);
  let batch: { paths: string[]; chunks: ReadyChunk[] } = {
    paths: [],
    chunks: [],
  };
  for (const [index, path] of paths.entries()) {
    batch.paths.push(path);
    batch.chunks.push(...(byPath.get(path) ?? []));
    if (batch.chunks.length < CHUNKS_PER_WRITE && index < paths.length - 1) continue;
    const writing = batch;
    batch = { paths: [], chunks: [] };
    if (!(await inTx((tx) => replaceFiles(tx, target, writing.paths, writing.chunks, embedderId)))) return false;
  }
  return true;
}

async function replaceFiles(
  tx: Tx,
  { organizationId, projectId, snapshotId }: WriteTarget,
  paths: readonly string[],
  chunks: readonly ReadyChunk[],
  embedderId: string | null,
): Promise<boolean> {
  // The row lock makes two indexers of one project take turns.
  const claim = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM "CodeIndex" WHERE "projectId" = ${projectId} AND "snapshotId" = ${snapshotId} FOR UPDATE`;
  if (claim.length === 0) return false;
  await tx.$executeRaw`DELETE FROM "CodeChunk" WHERE "projectId" = ${projectId} AND "path" = ANY(${[...paths]}::text[])`;
  const rows = chunks.map(({ path, symbol, kind, startLine, endLine, content, header, blobSha, vector }) => ({
    id: newId(),
    path,
    symbol,
    kind,
    start_line: startLine,
    end_line: endLine,
    content,
    head: lexicalWords(header).join(' '),
    body: lexicalWords(content).join(' '),
    blob_sha: blobSha,
    vector,
    embedder: vector === null ? null : embedderId,
  }));
  if (rows.length === 0) return true;
  // The project is a lexeme too: the text index then answers "this word in this project" by itself.
  await tx.$executeRaw`
    INSERT INTO "CodeChunk" ("id", "organizationId", "projectId", "path", "blobSha", "symbol", "kind", "startLine", "endLine",
                             "content", "lexical", "tsv", "embedding", "embedderId", "createdAt")
    SELECT r.id, ${organizationId}, ${projectId}, r.path, r.blob_sha, r.symbol, r.kind, r.start_line, r.end_line, r.content, r.head,
           array_to_tsvector(ARRAY[${projectLexeme(projectId)}]::text[]) || to_tsvector('simple', r.head || ' ' || r.body), r.vector::vector, r.embedder, ${now()}
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id text, path text, blob_sha text, symbol text, kind text,
         start_line int, end_line int, content text, head text, body text, vector text, embedder text)`;
  return true;
}
