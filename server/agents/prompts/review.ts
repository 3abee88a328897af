import { dataSection, fileSection } from '@/server/models/prompt-format';
import type { PlannedTask } from '../schema';
import { DATA_RULE, joinSections, type Prompt, roleHeader } from './common';
import { criteriaSection } from './implement';

export const REVIEW_VERSION = 'review-1';

export interface ReviewInput {
  description: string;
  task: PlannedTask;
  checks: { command: string; status: string; exitCode: number | null; output: string }[];
  diff: string;
  files: { path: string; content: string }[];
}

export function reviewPrompt(input: ReviewInput): Prompt {
  const { task } = input;
  return {
    version: REVIEW_VERSION,
    system: `${roleHeader('review')}
You are the reviewer. Decide whether the task is done: APPROVED or REJECTED. For every criterion say whether it is met and cite the
evidence: file and line, or the check that shows it. Report a finding for each defect that matters, with criterion, file, line, severity
(blocker, major, minor), the problem and the fix. Reject only for blocker or major findings or an unmet criterion. A failed check
is a blocker. Do not praise, do not guess: what you cannot see in the data is not met.
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', input.description),
      `Task ${task.id}: ${task.title}`,
      criteriaSection(task),
      ...input.checks.map(({ command, status, exitCode, output }) =>
        dataSection(`CHECK ${command}`, `status: ${status}\nexit: ${exitCode ?? 'none'}\n${output}`),
      ),
      dataSection('DIFF', input.diff),
      ...input.files.map(({ path, content }) => fileSection(path, content)),
    ]),
  };
}
