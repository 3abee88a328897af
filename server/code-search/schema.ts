/** Code search, safe for the browser. */
import { z } from 'zod';

/** Longest question, in characters; what is longer is cut, not refused, because agents ask with whole findings. */
export const MAX_QUERY_CHARACTERS = 10_000;
export const MAX_HITS = 50;

export const searchInputSchema = z.object({
  projectId: z.string().min(1),
  query: z.string().max(MAX_QUERY_CHARACTERS),
  limit: z.number().int().min(1).max(MAX_HITS).default(10),
});
export type SearchInput = z.input<typeof searchInputSchema>;

/** Which half of the search found a hit. */
export const hitReasonSchema = z.enum(['vector', 'lexical']);
export type HitReason = z.infer<typeof hitReasonSchema>;

export const searchHitSchema = z.object({
  path: z.string(),
  /** Names declared in the chunk, such as `Parser.parse`. */
  symbol: z.string().nullable(),
  kind: z.string(),
  /** 1-based, inclusive. */
  startLine: z.number().int(),
  endLine: z.number().int(),
  content: z.string(),
  /** Reciprocal rank fusion score: comparable within one answer only. */
  score: z.number(),
  why: z.array(hitReasonSchema),
});
export type SearchHit = z.infer<typeof searchHitSchema>;

export const searchResultSchema = z.object({
  mode: z.enum(['hybrid', 'lexical']),
  /** What the person should know about this answer, such as why it is lexical only. */
  note: z.string().nullable(),
  /** The words that were looked for, in small letters. */
  terms: z.array(z.string()),
  hits: z.array(searchHitSchema),
});
export type SearchResult = z.infer<typeof searchResultSchema>;
