import { dataSection, fileSection } from '@/server/models/prompt-format';
import type { PlannedTask } from '../schema';
import { DATA_RULE, joinSections, type Prompt, roleHeader } from './common';

export const IMPLEMENT_VERSION = 'implement-3';

export const EDIT_FORMAT = `Write each file you create or change as a path on its own line, then a fenced block.
- A new or fully replaced file: the fence holds the whole content.
- A change to an existing file: one or more sections inside the fence, each quoting the exact lines to replace:
<<<<<<< SEARCH
old lines, enough of them to be unique
=======
new lines
>>>>>>> REPLACE
- Delete: a line <<<<<<< DELETE alone in the fence. Rename: <<<<<<< RENAME new/path
When the content holds a fence, open yours with more backticks. Change existing files by sections, not by rewriting them. Never
leave code out with a placeholder.`;

export interface ImplementInput {
  description: string;
  /** Stable parts first, so that provider prompt caches hit. */
  spec: string;
  plan: string;
  task: PlannedTask;
  repoMap: string;
  files: { path: string; content: string }[];
  searchHits: { path: string; startLine: number; endLine: number; content: string }[];
  findings: string[];
  notes: string[];
}

export function implementPrompt(input: ImplementInput): Prompt {
  const { task } = input;
  return {
    version: IMPLEMENT_VERSION,
    system: `${roleHeader('implement')}
You are the implementer. Do exactly the one task below, whole, with its tests, and nothing else. Say in a sentence or two what you do,
then give the files.
${EDIT_FORMAT}
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', input.description),
      dataSection('SPEC', input.spec),
      dataSection('PLAN', input.plan),
      `Task ${task.id}: ${task.title}`,
      task.why === '' ? null : dataSection('WHY', task.why),
      criteriaSection(task),
      task.files.length > 0
        ? dataSection('TASK FILES', task.files.map(({ path, action }) => `${action} ${path}`).join('\n'))
        : null,
      input.repoMap === '' ? null : dataSection('REPO MAP', input.repoMap),
      ...input.files.map(({ path, content }) => fileSection(path, content)),
      input.searchHits.length === 0
        ? null
        : dataSection(
            'SEARCH HITS',
            input.searchHits.map((hit) => `${hit.path}:${hit.startLine}-${hit.endLine}\n${hit.content}`).join('\n\n'),
          ),
      input.findings.length > 0
        ? dataSection(
            'FINDINGS',
            `The last attempt was discarded for these reasons. Do the whole task again without them.\n${input.findings.join('\n')}`,
          )
        : null,
      input.notes.length > 0 ? dataSection('NOTES', input.notes.join('\n\n')) : null,
    ]),
  };
}

export function criteriaSection(task: Pick<PlannedTask, 'criteria'>): string {
  return dataSection(
    'CRITERIA',
    task.criteria.map(({ id, text }) => `- [${id}] ${text.replaceAll('\n', ' ')}`).join('\n'),
  );
}

/** Asks for the refused and the missing blocks alone. */
export function repairPrompt(input: {
  task: PlannedTask;
  description: string;
  refusals: string;
  files: { path: string; content: string }[];
}): Prompt {
  return {
    version: IMPLEMENT_VERSION,
    system: `${roleHeader('implement')}
You are the implementer. Some blocks of your last answer could not be applied, or are missing; the others wait. Give only the blocks listed
below, corrected, each with all of its sections and under its whole path.
${EDIT_FORMAT}
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', input.description),
      `Task ${input.task.id}: ${input.task.title}`,
      criteriaSection(input.task),
      dataSection('REFUSED', input.refusals),
      ...input.files.map(({ path, content }) => fileSection(path, content)),
    ]),
  };
}
