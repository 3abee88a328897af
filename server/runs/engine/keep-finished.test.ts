import { describe, expect, it } from 'vitest';
import type { Plan, PlannedTask } from '@/server/agents/schema';
import { changedFinished, nextFreeKey, renumberChanged } from './keep-finished';

const task = (id: string, title: string, dependsOn: string[] = []): PlannedTask => ({
  id,
  title,
  why: '',
  size: 'S',
  files: [{ path: 'a.js', action: 'create' }],
  criteria: [{ id: `${id}.1`, text: `${title} works` }],
  dependsOn,
});
const plan = (...tasks: PlannedTask[]): Plan => ({ summary: 'Sums', checks: {}, tasks }) as Plan;

describe('a plan after some tasks are finished', () => {
  const finished = [task('T1', 'Add'), task('T2', 'Multiply')];

  it('stands as it is when it repeats them', () => {
    const same = plan(...finished, task('T3', 'Divide', ['T2']));
    expect(changedFinished(same, finished)).toEqual([]);
    expect(renumberChanged(same, finished)).toBe(same);
  });

  it('gets new keys, criteria and dependencies where it reuses a finished key for other work', () => {
    const other = plan(task('T1', 'Add'), task('T2', 'Divide'), task('T3', 'Root', ['T1', 'T2']));
    expect(changedFinished(other, finished)).toEqual(['T2']);
    expect(renumberChanged(other, finished).tasks).toEqual([
      task('T1', 'Add'),
      { ...task('T4', 'Divide') },
      task('T3', 'Root', ['T1', 'T4']),
    ]);
  });

  it('takes the number above every key', () => expect(nextFreeKey(['T2', 'T10', 'setup'])).toBe('T11'));
});
