import { dataSection } from '@/server/models/prompt-format';
import type { PlannedTask } from '../schema';
import { DATA_RULE, joinSections, type Prompt, roleHeader } from './common';

export const PLAN_VERSION = 'plan-2';

export interface PlanInput {
  description: string;
  spec: string;
  /** Paths of the project when it exists already. */
  paths: string[];
  /** After a change request: what is done already, and the first id that is free. */
  finished?: { tasks: PlannedTask[]; nextId: string } | null;
  notes: string[];
}

export function planPrompt({ description, spec, paths, finished, notes }: PlanInput): Prompt {
  return {
    version: PLAN_VERSION,
    system: `${roleHeader('plan')}
You are the architect. Turn the specification into a plan of 1 to 15 tasks, as few as the work needs, that are done one after the other, each leaving a
project whose checks pass. A task names its files by whole paths inside the project, each with an action (create, change, delete, rename), why it is needed, its size (S, M, L),
the tasks it depends on, and 1 to 6 acceptance criteria with ids such as T2.1 that somebody can test who cannot ask you. Ids of tasks
are T1, T2, and so on. Under checks give the commands that prove the project works (build, typecheck, test); they run without
network in a fresh copy, so prefer tools that need no installation (node --test, python3 -m unittest). The first task must already make the test
command pass.${
      finished
        ? `\nThe tasks under FINISHED are done and cannot be changed: leave them out or repeat them word for word. New work is new tasks; their
ids begin at ${finished.nextId}.`
        : ''
    }
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', description),
      dataSection('SPEC', spec),
      paths.length > 0 ? dataSection('PATHS', paths.join('\n')) : null,
      finished ? dataSection('FINISHED', JSON.stringify(finished.tasks)) : null,
      notes.length > 0 ? dataSection('NOTES', notes.join('\n\n')) : null,
    ]),
  };
}
