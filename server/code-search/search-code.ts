import 'server-only';
import { toSql } from 'pgvector';
import { z } from 'zod';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { namesIn } from './exact-names';
import { type HitReason, MAX_HITS, MAX_QUERY_CHARACTERS, type SearchHit, type SearchResult } from './schema';
import { DEPTH, type Scope, searchWords, termsOf } from './search-words';
import { type EmbedCallFor, type EmbedderChoice, selectEmbedder } from './select-embedder';
import { lexicalWords } from './split-identifiers';

export interface SearchCodeInput {
  organizationId: string;
  projectId: string;
  query: string;
  limit: number;
  embedCallFor?: EmbedCallFor;
  /** Instead of the configured embedder. */
  embedder?: EmbedderChoice;
}

/** Reciprocal rank fusion (Cormack et al. 2009) with the constant that was best on 1,630 documentation queries. */
const FUSION_K = 10;
/**
 * Cosine below which a chunk says nothing about a question. Measured with the local model on 176 chunks of this code base:
 * the nearest to 12 senseless or foreign questions lay at 0.08 to 0.23, to 12 that it answers at 0.20 to 0.59, all but one
 * above 0.25. A provider's model that puts unrelated texts closer together lets more through.
 */
const MIN_SIMILARITY = 0.25;
/** The same where no word of the question stands anywhere in the project: then likeness is all there is, and chance is near. */
const MIN_SIMILARITY_ALONE = 0.36;
/** Longest text that is embedded as a question; the model reads 256 tokens. */
const MAX_EMBEDDED_CHARACTERS = 3_000;
/**
 * Finds chunks by meaning (vectors, compared exactly within the project) and by words (tsvector, weighted by rarity and frequency), fused
 * by rank. Chunks that declare a name which the question spells out come first, then those that use it. Any text is a valid
 * question: one that nothing in the project answers finds nothing.
 */
export async function searchCode(input: SearchCodeInput): Promise<SearchResult> {
  const query = input.query.replaceAll('\0', ' ').toWellFormed().slice(0, MAX_QUERY_CHARACTERS).toWellFormed();
  const limit = Math.max(1, Math.min(MAX_HITS, Math.trunc(input.limit)));
  const words = lexicalWords(query);
  if (words.length === 0)
    return {
      mode: 'lexical',
      note: 'The question holds no words to look for.',
      terms: [],
      hits: [],
    };
  const scope = {
    organizationId: input.organizationId,
    projectId: input.projectId,
  };
  const choice = input.embedder ?? (await selectEmbedder(input.embedCallFor));
  const terms = termsOf(words);
  const names = namesIn(query);
  const [byMeaning, byWords] = await Promise.all([
    searchVectors(scope, query, choice),
    searchWords(scope, { terms, names }),
  ]);
  const least = byWords.length === 0 ? MIN_SIMILARITY_ALONE : MIN_SIMILARITY;
  const exact = new Map(byWords.map((row) => [row.id, row.exact]));
  const ranked = fuse([
    ['vector', byMeaning.near.filter(({ similarity }) => similarity >= least).map(({ id }) => id)],
    ['lexical', byWords.map(({ id }) => id)],
  ]).sort((left, right) => (exact.get(right.id) ?? 0) - (exact.get(left.id) ?? 0));
  const hits = await loadHits(scope, ranked.slice(0, limit));
  const hybrid = byMeaning.reason === null;
  return {
    mode: hybrid ? 'hybrid' : 'lexical',
    note: hybrid ? null : `Found by words only: ${byMeaning.reason}.`,
    // As they stand in the code, `to_json` beside `tojson`.
    terms: [...new Set([...names.map((name) => name.toLowerCase()), ...terms])],
    hits,
  };
}

interface Ranked {
  id: string;
  score: number;
  why: HitReason[];
}

/** Sums 1 / (k + rank) over the lists; ties go by id, so that equal input gives equal output. */
export function fuse(lists: readonly (readonly [HitReason, readonly string[]])[]): Ranked[] {
  const found = new Map<string, Ranked>();
  for (const [reason, ids] of lists) {
    for (const [index, id] of ids.entries()) {
      const entry = found.get(id) ?? { id, score: 0, why: [] };
      entry.score += 1 / (FUSION_K + index + 1);
      entry.why.push(reason);
      found.set(id, entry);
    }
  }
  return [...found.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

const NO_VECTORS = 'this project has no vectors of the configured embedding model yet';
const vectorRows = z.array(z.object({ id: z.string(), similarity: z.number() }));

async function searchVectors(
  scope: Scope,
  query: string,
  choice: EmbedderChoice,
): Promise<{ near: z.infer<typeof vectorRows>; reason: string | null }> {
  if (choice.embedder === null) return { near: [], reason: choice.reason };
  const { id: embedderId } = choice.embedder;
  // Before the question is embedded: with nothing to compare it with, nobody pays for it.
  const indexed = await db().codeChunk.findFirst({ where: { ...scope, embedderId }, select: { id: true } });
  if (indexed === null) return { near: [], reason: NO_VECTORS };
  let vector: Float32Array;
  try {
    vector = await choice.embedder.embedQuery(query.slice(0, MAX_EMBEDDED_CHARACTERS).toWellFormed());
  } catch (error) {
    logger().warn({ err: error, projectId: scope.projectId }, 'embedding a question failed; searching by words');
    return { near: [], reason: 'the question could not be embedded' };
  }
  // Vectors have length 1, so the inner product orders as the cosine does and costs half. No HNSW: behind a selective
  // filter it returns too few rows, and a project is small enough to compare with every chunk. A server that now answers
  // another model under the same name has vectors of another length, which cannot be compared.
  const rows = vectorRows.parse(
    await db().$queryRaw`
      SELECT "id", -("embedding" <#> ${toSql(Array.from(vector))}::vector) AS similarity FROM "CodeChunk"
      WHERE "projectId" = ${scope.projectId} AND "organizationId" = ${scope.organizationId} AND "embedderId" = ${embedderId}
        AND vector_dims("embedding") = ${vector.length}
      ORDER BY "embedding" <#> ${toSql(Array.from(vector))}::vector, "id" LIMIT ${DEPTH}`,
  );
  return { near: rows, reason: rows.length === 0 ? NO_VECTORS : null };
}

async function loadHits(scope: Scope, ranked: readonly Ranked[]): Promise<SearchHit[]> {
  const rows = await db().codeChunk.findMany({
    where: { ...scope, id: { in: ranked.map(({ id }) => id) } },
    select: {
      id: true,
      path: true,
      symbol: true,
      kind: true,
      startLine: true,
      endLine: true,
      content: true,
    },
  });
  const byId = new Map(rows.map(({ id, ...row }) => [id, row]));
  return ranked.flatMap(({ id, score, why }) => {
    const row = byId.get(id);
    return row === undefined ? [] : [{ ...row, score, why }];
  });
}
