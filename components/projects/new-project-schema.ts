import { z } from 'zod';
import { readJson } from '@/components/drafts/read-json';

/** The form of a new project; the browser and the action read the same rules. */
export const newProjectSchema = z.object({
  title: z.string().trim().max(120, 'At most 120 characters.'),
  description: z
    .string()
    .trim()
    .min(10, 'Say in a sentence or two what it should do.')
    .max(20_000, 'At most 20,000 characters.'),
});
export type NewProject = z.infer<typeof newProjectSchema>;

export interface NewProjectState {
  message: string | null;
  fields: Partial<Record<keyof NewProject, string>>;
}

/** The first message of each field that is wrong. */
export function fieldMessages(error: z.ZodError<NewProject>): NewProjectState['fields'] {
  const fields: NewProjectState['fields'] = {};
  for (const issue of error.issues) {
    const [name] = issue.path;
    if (name === 'title' || name === 'description') fields[name] ??= issue.message;
  }
  return fields;
}

/** The place of the form's draft. */
export const NEW_PROJECT = 'new-project';

const draftSchema = z.object({ title: z.string(), description: z.string() });

/** What was typed into the form and kept; null when there is nothing, or nothing that can be read. */
export function readNewProject(text: string): NewProject | null {
  return readJson(draftSchema, text);
}

/** The form as a draft; empty when nothing is typed. */
export function writeNewProject({ title, description }: NewProject): string {
  return title.trim() === '' && description.trim() === '' ? '' : JSON.stringify({ title, description });
}
