/** Orders the journal for reading: one group per task (or phase), newest attempt last. Pure. */

export interface StepLike {
  id: string;
  step: string;
  taskKey: string | null;
  taskTitle: string | null;
  attempt: number;
}
export interface TaskScoped {
  taskKey: string | null;
  attempt: number;
}
export interface AttemptGroup<S, C, R> {
  attempt: number;
  steps: S[];
  checks: C[];
  reviews: R[];
}
export interface TimelineGroup<S, C, R> {
  /** Task key, or the phase: `design` before the first task, `finish` after. */
  key: string;
  title: string;
  isTask: boolean;
  attempts: AttemptGroup<S, C, R>[];
}

const DESIGN_STEPS = new Set(['clarify', 'spec', 'plan', 'approve']);

/** `implement:T3` is step `implement`. */
export function stepName(step: string): string {
  return step.split(':')[0] ?? step;
}

function phaseOf(step: string): string {
  return DESIGN_STEPS.has(stepName(step)) ? 'design' : 'finish';
}

const PHASE_TITLE: Record<string, string> = { design: 'Spec and plan', finish: 'README and final check' };

export function groupTimeline<S extends StepLike, C extends TaskScoped, R extends TaskScoped>(
  steps: readonly S[],
  checks: readonly C[],
  reviews: readonly R[],
): TimelineGroup<S, C, R>[] {
  const groups = new Map<string, TimelineGroup<S, C, R>>();
  const groupOf = (key: string, title: string, isTask: boolean) => {
    const known = groups.get(key);
    if (known !== undefined) return known;
    const made: TimelineGroup<S, C, R> = { key, title, isTask, attempts: [] };
    groups.set(key, made);
    return made;
  };
  const attemptOf = (group: TimelineGroup<S, C, R>, attempt: number) => {
    const known = group.attempts.find((entry) => entry.attempt === attempt);
    if (known !== undefined) return known;
    const made: AttemptGroup<S, C, R> = { attempt, steps: [], checks: [], reviews: [] };
    group.attempts.push(made);
    group.attempts.sort((a, b) => a.attempt - b.attempt);
    return made;
  };
  for (const step of steps) {
    const phase = phaseOf(step.step);
    const group =
      step.taskKey === null
        ? groupOf(phase, PHASE_TITLE[phase] ?? phase, false)
        : groupOf(step.taskKey, step.taskTitle ?? step.taskKey, true);
    attemptOf(group, group.isTask ? step.attempt : 1).steps.push(step);
  }
  for (const check of checks) {
    const group =
      check.taskKey === null
        ? groupOf('finish', PHASE_TITLE.finish ?? 'finish', false)
        : groupOf(check.taskKey, check.taskKey, true);
    attemptOf(group, group.isTask ? check.attempt : 1).checks.push(check);
  }
  for (const review of reviews) {
    if (review.taskKey === null) continue;
    attemptOf(groupOf(review.taskKey, review.taskKey, true), review.attempt).reviews.push(review);
  }
  return [...groups.values()];
}
