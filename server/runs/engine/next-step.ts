/** Which step comes next, from the journal and the tasks alone. Pure, so that a restart decides exactly as the dead worker would have. */

export interface JournalLine {
  step: string;
  attempt: number;
  status: 'running' | 'done' | 'failed';
  output: { ok?: boolean | undefined; waits?: boolean | undefined };
}

export interface TaskState {
  id: string;
  key: string;
  position: number;
  status: 'pending' | 'running' | 'approved' | 'accepted' | 'skipped' | 'rejected';
  /** Attempts that have ended. */
  attempts: number;
}

export type Next =
  | { kind: 'step'; step: string; attempt: number; taskId: string | null; taskKey: string | null }
  | { kind: 'wait' }
  | { kind: 'end' };

const plain = (step: string): Next => ({ kind: 'step', step, attempt: 1, taskId: null, taskKey: null });

export function nextDesignStep(journal: readonly JournalLine[], answered: boolean): Next {
  const done = (step: string) => journal.find((line) => line.step === step && line.status === 'done');
  const clarify = done('clarify');
  if (clarify === undefined) return plain('clarify');
  if (clarify.output.waits === true && !answered) return { kind: 'wait' };
  if (done('spec') === undefined) return plain('spec');
  if (done('plan') === undefined) return plain('plan');
  return { kind: 'end' };
}

/** Steps of one attempt in order; `repair` and `reapply` only after refused edits. */
export function nextBuildStep(journal: readonly JournalLine[], tasks: readonly TaskState[]): Next {
  const task = [...tasks]
    .sort((a, b) => a.position - b.position)
    .find(({ status }) => status === 'pending' || status === 'running' || status === 'rejected');
  if (task === undefined) return nextFinalStep(journal);
  if (task.status === 'rejected') return { kind: 'wait' };
  const attempt = task.attempts + 1;
  const done = (name: string) =>
    journal.find((line) => line.step === `${name}:${task.key}` && line.attempt === attempt && line.status === 'done');
  const at = (name: string): Next => ({
    kind: 'step',
    step: `${name}:${task.key}`,
    attempt,
    taskId: task.id,
    taskKey: task.key,
  });
  if (done('implement') === undefined) return at('implement');
  const apply = done('apply');
  if (apply === undefined) return at('apply');
  if (apply.output.ok !== true) {
    if (done('repair') === undefined) return at('repair');
    if (done('reapply') === undefined) return at('reapply');
  }
  if (done('check') === undefined) return at('check');
  return at('review');
}

function nextFinalStep(journal: readonly JournalLine[]): Next {
  for (const step of ['document', 'final-check', 'complete']) {
    if (!journal.some((line) => line.step === step && line.status === 'done')) return plain(step);
  }
  return { kind: 'end' };
}
