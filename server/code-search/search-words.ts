import 'server-only';
import { z } from 'zod';
import { db } from '@/server/platform/db';
import { exactness } from './exact-names';
import { lexicalWords, projectLexeme } from './split-identifiers';

/** How deep each half of a search is read before fusing. */
export const DEPTH = 50;
/** Most words of a question that are looked up. */
const MAX_TERMS = 32;
/** How many chunks have their words counted. */
const CANDIDATES = 80;
const BM25 = { k1: 1.2, b: 0.75 } as const;
/** A chunk that declares a name goes before those that use it. */
const HEADER_WEIGHT = 3;
/** A chunk found by words scores at least this share of the best one: below it the words are in it by chance. */
const MIN_SHARE_OF_BEST = 0.2;
/** Words of a question that say nothing about code. */
const STOP_WORDS = new Set(
  'a an and are as at be by do does for from how i if in is it its of on or that the this to was we what when where which who why with you'.split(
    ' ',
  ),
);

export interface Scope {
  organizationId: string;
  projectId: string;
}

const termRows = z.array(z.object({ term: z.string(), ids: z.string().nullable() }));

/** The words of a question worth looking up, in its order. */
export function termsOf(words: readonly string[]): string[] {
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
export async function searchWords(scope: Scope, wish: Wish): Promise<FoundByWords[]> {
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
