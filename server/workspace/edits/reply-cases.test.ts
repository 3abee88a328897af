import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outcomeOf } from '@/test/edit-outcome';

/** Answers as models really wrote them, each with the outcome that is right: `test/cases/README.md`. */
const FOLDER = join(process.cwd(), 'test/cases');

const caseSchema = z.object({
  report: z.string().optional(),
  right: z.string().optional(),
  tree: z.record(z.string(), z.string()),
  expected: z.object({
    /** Paths with their new text, null for one that goes; nothing else changes. */
    changes: z.record(z.string(), z.string().nullable()).optional(),
    /** A part of the refusal: the line, the path or what to do. Then nothing changes. */
    refused: z.string().optional(),
    examples: z.number(),
  }),
});

describe('an answer ends as the right edit or a refusal that says why', () => {
  it.each(readdirSync(FOLDER).filter((name) => !name.includes('.')))('%s', (name) => {
    const read = (file: string) => readFileSync(join(FOLDER, name, file), 'utf8');
    const { tree, expected } = caseSchema.parse(JSON.parse(read('case.json')));
    const outcome = outcomeOf(read('reply.md'), tree);
    if (expected.refused === undefined) expect(outcome).toEqual(expected);
    else expect(outcome).toEqual({ refused: expect.stringContaining(expected.refused), examples: expected.examples });
  });
});
