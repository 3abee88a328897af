import { z } from 'zod';
import { readJson } from '@/components/drafts/read-json';
import { criterionSchema, type PlannedTask } from '@/server/agents/schema';

/** A rejected task as it stands in its fields; a text that saving needs may still be missing. */
const taskEditSchema = z.object({
  title: z.string(),
  why: z.string(),
  criteria: z.array(criterionSchema.extend({ text: z.string() })).min(1),
});
export type TaskEdit = z.infer<typeof taskEditSchema>;

type EditableTask = Pick<PlannedTask, 'title' | 'why' | 'criteria'>;

/** The task as it is, to begin with. */
export function beginTaskEdit({ title, why, criteria }: EditableTask): TaskEdit {
  return {
    title,
    why,
    criteria: criteria.map(({ id, text, check }) => ({ id, text, ...(check === undefined ? {} : { check }) })),
  };
}

/** Edits that were kept; null when there are none, or none that can be read. */
export function readTaskEdit(text: string): TaskEdit | null {
  return readJson(taskEditSchema, text);
}

/** Edits as a draft; empty as long as they change nothing. */
export function writeTaskEdit(edit: TaskEdit, task: EditableTask): string {
  const text = JSON.stringify(edit);
  return text === JSON.stringify(beginTaskEdit(task)) ? '' : text;
}

/** Edits as they are sent; null while a text is missing. */
export function finishTaskEdit({ title, why, criteria }: TaskEdit): TaskEdit | null {
  const finished = {
    title: title.trim(),
    why,
    criteria: criteria.map((criterion) => ({ ...criterion, text: criterion.text.trim() })),
  };
  return finished.title === '' || finished.criteria.some(({ text }) => text === '') ? null : finished;
}
