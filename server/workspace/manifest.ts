import { z } from 'zod';

/** `PLUMBLINE.json`: what is in the archive and what is known about it. Amounts are micro-credits as decimal text. */
export const manifestSchema = z.object({
  format: z.literal(1),
  project: z.object({ id: z.string(), title: z.string(), status: z.string() }),
  snapshot: z.object({ id: z.string(), createdAt: z.string() }),
  files: z.array(z.object({ path: z.string(), sha256: z.string(), size: z.number() })),
  /** Results of checks that ran on exactly this snapshot. */
  checks: z.array(
    z.object({
      kind: z.string(),
      command: z.string(),
      status: z.string(),
      exitCode: z.number().nullable(),
      durationMs: z.number(),
      sandbox: z.string(),
      required: z.boolean(),
    }),
  ),
  /** Plain sentence about execution: whether commands were run and where. */
  execution: z.string(),
  criteria: z.array(
    z.object({
      task: z.string(),
      id: z.string(),
      text: z.string(),
      status: z.string(),
      met: z.boolean().nullable(),
      evidence: z.string(),
    }),
  ),
  /** How many tasks of the plan are in these files, and how many the person left out. */
  tasks: z.object({ done: z.number(), skipped: z.number(), total: z.number() }),
  models: z.array(z.object({ role: z.string(), model: z.string(), promptVersion: z.string(), calls: z.number() })),
  cost: z.object({ chargedMicro: z.string(), absorbedMicro: z.string() }),
});
export type Manifest = z.infer<typeof manifestSchema>;
