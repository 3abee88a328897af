import { z } from 'zod';
import { readJson } from '@/components/drafts/read-json';
import { criterionSchema, type Plan, plannedFileSchema, plannedTaskSchema, planSchema } from '@/server/agents/schema';

/** A plan as it stands in the editor: what must be there to save it may still be missing. */
const unfinishedPlanSchema = planSchema.extend({
  summary: z.string(),
  tasks: z
    .array(
      plannedTaskSchema.extend({
        title: z.string(),
        files: z.array(plannedFileSchema),
        criteria: z.array(criterionSchema.extend({ text: z.string() })).min(1),
      }),
    )
    .min(1),
});

const planDraftSchema = z.object({
  /** The version that was edited. */
  version: z.number().int(),
  plan: unfinishedPlanSchema,
});

export interface PlanDraft {
  version: number;
  plan: Plan;
}

/** Edits that were kept; null when there are none, or none that can be read. */
export function readPlanDraft(text: string): PlanDraft | null {
  return readJson(planDraftSchema, text);
}

export function writePlanDraft(draft: PlanDraft): string {
  return JSON.stringify(draft);
}
