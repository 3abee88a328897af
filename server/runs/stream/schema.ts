/** What is streamed to people. Safe for the browser. */
import { z } from 'zod';

/** Payload of a RunEvent: AI SDK UI message chunks for text, `data-*` parts for the rest. */
export const eventPayloadSchema = z.discriminatedUnion('type', [
  /** A message begins (or a user message stands). */
  z.object({
    type: z.literal('text-start'),
    id: z.string(),
    role: z.enum(['user', 'assistant', 'system']),
    purpose: z.string(),
    text: z.string().default(''),
    modelLabel: z.string().nullish(),
  }),
  z.object({ type: z.literal('text-delta'), id: z.string(), delta: z.string() }),
  /** Carries the whole text: a reader who missed compacted deltas still ends with exactly the same text. */
  z.object({
    type: z.literal('text-end'),
    id: z.string(),
    text: z.string(),
    status: z.enum(['final', 'stopped', 'failed']),
    costMicro: z.string(),
    /** Micro-credits left after it; absent when nothing was charged. */
    balanceMicro: z.string().optional(),
    modelLabel: z.string().nullish(),
  }),
  /** A message was replaced by an edit: this one and later ones are struck out. */
  z.object({ type: z.literal('data-superseded'), ids: z.array(z.string()) }),
  z.object({ type: z.literal('data-status'), status: z.string(), reason: z.string().nullish() }),
  z.object({
    type: z.literal('data-step'),
    step: z.string(),
    taskKey: z.string().nullish(),
    attempt: z.number(),
    state: z.enum(['started', 'done', 'failed']),
    note: z.string().nullish(),
  }),
  z.object({
    type: z.literal('data-check'),
    taskKey: z.string().nullish(),
    kind: z.string(),
    command: z.string(),
    status: z.string(),
  }),
  z.object({ type: z.literal('data-review'), taskKey: z.string(), attempt: z.number(), status: z.string() }),
  z.object({ type: z.literal('data-task'), taskKey: z.string(), status: z.string() }),
  z.object({ type: z.literal('data-plan'), version: z.number() }),
  z.object({ type: z.literal('data-questions'), count: z.number() }),
  z.object({ type: z.literal('data-snapshot'), snapshotId: z.string() }),
  z.object({
    type: z.literal('data-cost'),
    taskKey: z.string().nullish(),
    chargedMicro: z.string(),
    absorbedMicro: z.string(),
  }),
]);
export type EventPayload = z.infer<typeof eventPayloadSchema>;

export interface RunEventView {
  seq: number;
  payload: EventPayload;
  createdAt: Date;
}

export const refineChoiceSchema = z.enum(['retry', 'edit', 'skip', 'accept']);
export type RefineChoice = z.infer<typeof refineChoiceSchema>;
