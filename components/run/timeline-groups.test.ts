import { describe, expect, it } from 'vitest';
import { groupTimeline, stepName } from './timeline-groups';

const step = (id: string, name: string, taskKey: string | null, attempt = 1) => ({
  id,
  step: name,
  taskKey,
  taskTitle: taskKey === null ? null : `Title ${taskKey}`,
  attempt,
});

describe('the run as it is read', () => {
  it('groups steps by task and attempt, between the design and the finish', () => {
    const groups = groupTimeline(
      [
        step('1', 'plan', null),
        step('2', 'implement:T1', 'T1'),
        step('3', 'implement:T1', 'T1', 2),
        step('4', 'implement:T2', 'T2'),
        step('5', 'document', null),
        step('6', 'final-check', null),
      ],
      [],
      [],
    );
    expect(groups.map(({ key }) => key)).toEqual(['design', 'T1', 'T2', 'finish']);
    expect(groups[1]?.title).toBe('Title T1');
    expect(groups[1]?.attempts.map(({ attempt, steps }) => [attempt, steps.map(({ id }) => id)])).toEqual([
      [1, ['2']],
      [2, ['3']],
    ]);
    expect(groups[3]?.attempts[0]?.steps.map(({ id }) => id)).toEqual(['5', '6']);
  });

  it('puts checks and verdicts with the attempt they judged, and whole-project checks at the end', () => {
    const groups = groupTimeline(
      [step('1', 'implement:T1', 'T1')],
      [
        { taskKey: 'T1', attempt: 2, name: 'second' },
        { taskKey: 'T1', attempt: 1, name: 'first' },
        { taskKey: null, attempt: 1, name: 'final' },
      ],
      [{ taskKey: 'T1', attempt: 1, status: 'REJECTED' }],
    );
    expect(groups[0]?.attempts.map(({ checks }) => checks.map(({ name }) => name))).toEqual([['first'], ['second']]);
    expect(groups[0]?.attempts[0]?.reviews).toHaveLength(1);
    expect(groups[1]?.key).toBe('finish');
    expect(groups[1]?.attempts[0]?.checks).toHaveLength(1);
  });

  it('knows a step by the word before the task', () => {
    expect(stepName('implement:T3')).toBe('implement');
    expect(stepName('clarify')).toBe('clarify');
  });
});
