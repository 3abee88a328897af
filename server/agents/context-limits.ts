/** Bounds of what agents read and write, one sentence each. */
export const AGENT_LIMITS = {
  /** Tokens of context for the implementer at each quality. */
  contextTokens: { fast: 24_000, enhanced: 60_000, premium: 120_000 },
  /** Tokens of the repo map within that. */
  repoMapTokens: 1500,
  /** Search hits given to the implementer and to a question about the code. */
  searchHits: 6,
  /** Characters of check output a reviewer reads, from the end, where test runners put their summary. */
  checkOutputChars: 6000,
  /** Characters of one user note or description. */
  noteChars: 8000,
  /** Requests for a corrected block after refused edits, within one attempt. */
  editRepairs: 1,
} as const;
