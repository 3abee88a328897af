import 'server-only';
import { toSql } from 'pgvector';
import { z } from 'zod';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { exactness, namesIn } from './exact-names';
import { type HitReason, MAX_HITS, MAX_QUERY_CHARACTERS, type SearchHit, type SearchResult } from './schema';
import { type EmbedCallFor, type EmbedderChoice, selectEmbedder } from './select-embedder';
import { lexicalWords, projectLexeme } from './split-identifiers';

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
/** How deep each half is read before fusing. */
const DEPTH = 50;
/** Most words of a question that are looked up. */
const MAX_TERMS = 32;
/** How many chunks have their words counted. */
const CANDIDATES = 80;
const BM25 = { k1: 1.2, b: 0.75 } as const;
/** A chunk that declares a name goes before those that use it. */
const HEADER_WEIGHT = 3;
/**
 * Cosine below which a chunk says nothing about a question. Measured with the local model on 176 chunks of this code base:
 * the nearest to 12 senseless or foreign questions lay at 0.08 to 0.23, to 12 that it answers at 0.20 to 0.59, all but one
 * above 0.25. A provider's model that puts unrelated texts closer together lets more through.
 */
const MIN_SIMILARITY = 0.25;
/** The same where no word of the question stands anywhere in the project: then likeness is all there is, and chance is near. */
const MIN_SIMILARITY_ALONE = 0.32;
/** A chunk found by words scores at least this share of the best one: below it the words are in it by chance. */
const MIN_SHARE_OF_BEST = 0.2;
/** Longest text that is embedded as a question; the model reads 256 tokens. */
const MAX_EMBEDDED_CHARACTERS = 3_000;
/** Words of a question that say nothing about code. */
const STOP_WORDS = new Set(
  'a an and are as at be by do does for from how i if in is it its of on or that the this to was we what when where which who why with you'.split(
    ' ',
  ),
);

interface Scope {
  organizationId: string;
  projectId: string;
}

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

const termRows = z.array(z.object({ term: z.string(), ids: z.string().nullable() }));

/** The words of a question worth looking up, in its order. */
function termsOf(words: readonly string[]): string[] {
  const unique = [...new Set(words)];
  const telling = unique.filter((word) => !STOP_WORDS.has(word));
  return (telling.length > 0 ? telling : unique).slice(0, MAX_TERMS);
}

interface Wish {
  terms: readonly string[];
  /** Names of code that the question spells out. */
  names: readonly string[];
}

interface FoundByWords {
  id: string;
  /** How exactly it answers to a name, see `exactness`. */
  exact: number;
}

/**
 * Chunks that hold any of the words, by BM25 (Robertson and Zaragoza 2009) with the header's words counted thrice. First
 * only which chunk holds which word, straight from the text index; frequencies are counted for the best of those alone,
 * because unpacking a tsvector a row is what costs (measured: 60 ms for 5,000 chunks, embedded).
 */
async function searchWords(scope: Scope, wish: Wish): Promise<FoundByWords[]> {
  const { terms } = wish;
  const project = `'${projectLexeme(scope.projectId).replaceAll(/['\\]/g, '$&$&')}'`;
  // OFFSET 0 keeps the project's condition out of the inner query, where it would lure the planner away from the text
  // index as long as the table has no statistics. It is checked all the same.
  const [index, found] = await Promise.all([
    db().codeIndex.findFirst({ where: scope, select: { chunkCount: true } }),
    db().$queryRaw`
      SELECT t.term, (SELECT string_agg(c."id", ',') FROM (
                        SELECT "id", "projectId", "organizationId" FROM "CodeChunk"
                        WHERE "tsv" @@ (${project}::tsquery && plainto_tsquery('simple', t.term)) OFFSET 0) c
                      WHERE c."projectId" = ${scope.projectId} AND c."organizationId" = ${scope.organizationId}) AS ids
      FROM unnest(${terms}::text[]) AS t(term)`,
  ]);
  const holdersOf = termRows.parse(found).map(({ term, ids }) => ({
    term,
    holders: ids === null ? [] : ids.split(','),
  }));
  // While the index is being built its count lags behind.
  const total = Math.max(index?.chunkCount ?? 0, ...holdersOf.map(({ holders }) => holders.length));
  const rarity = new Map<string, number>();
  const sums = new Map<string, number>();
  for (const { term, holders } of holdersOf) {
    const weight = Math.log(1 + (total - holders.length + 0.5) / (holders.length + 0.5));
    rarity.set(term, weight);
    for (const id of holders) sums.set(id, (sums.get(id) ?? 0) + weight);
  }
  const best = [...sums].sort(byScore).slice(0, CANDIDATES);
  return rankByFrequency(
    scope,
    best.map(([id]) => id),
    rarity,
    wish.names,
  );
}

function byScore([leftId, left]: readonly [string, number], [rightId, right]: readonly [string, number]): number {
  return right - left || (leftId < rightId ? -1 : 1);
}

async function rankByFrequency(
  scope: Scope,
  ids: string[],
  rarity: ReadonlyMap<string, number>,
  names: readonly string[],
): Promise<FoundByWords[]> {
  const rows = await db().codeChunk.findMany({
    where: { ...scope, id: { in: ids } },
    select: { id: true, path: true, symbol: true, lexical: true, content: true },
  });
  const counted = rows.map((row) => {
    const { id, lexical, content } = row;
    const body = lexicalWords(content);
    const frequency = new Map<string, number>();
    for (const word of body) if (rarity.has(word)) frequency.set(word, (frequency.get(word) ?? 0) + 1);
    for (const word of lexical.split(' '))
      if (rarity.has(word)) frequency.set(word, (frequency.get(word) ?? 0) + HEADER_WEIGHT);
    return { id, frequency, length: body.length, exact: exactness(names, row) };
  });
  const average = counted.reduce((sum, { length }) => sum + length, 0) / Math.max(1, counted.length) || 1;
  const scored = counted.map(({ id, frequency, length, exact }) => {
    const damping = BM25.k1 * (1 - BM25.b + (BM25.b * length) / average);
    let score = 0;
    for (const [word, count] of frequency)
      score += ((rarity.get(word) ?? 0) * count * (BM25.k1 + 1)) / (count + damping);
    return { id, score, exact };
  });
  const least = Math.max(0, ...scored.map(({ score }) => score)) * MIN_SHARE_OF_BEST;
  return scored
    .filter(({ score, exact }) => exact > 0 || score >= least)
    .sort((left, right) => right.exact - left.exact || byScore([left.id, left.score], [right.id, right.score]))
    .slice(0, DEPTH);
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
