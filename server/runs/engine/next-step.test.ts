import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JournalLine, type Next, nextBuildStep, nextDesignStep, type TaskState } from './next-step';

type Output = JournalLine['output'];
const line = (step: string, status: JournalLine['status'] = 'done', output: Output = {}, attempt = 1): JournalLine => ({
  step,
  attempt,
  status,
  output,
});
const done = (step: string, output: Output = {}, attempt = 1) => line(step, 'done', output, attempt);
const task = (key: string, status: TaskState['status'], attempts = 0): TaskState => ({
  id: `id-${key}`,
  key,
  position: Number(key.slice(1)),
  status,
  attempts,
});
const show = (next: Next): string =>
  next.kind === 'step' ? `${next.step} #${next.attempt}${next.taskId === null ? '' : ` of ${next.taskId}`}` : next.kind;

describe('a design', () => {
  const asked = done('clarify', { waits: true });
  const clear = done('clarify', { waits: false });
  it.each<[string, JournalLine[], boolean, string]>([
    ['begins with the questions', [], false, 'clarify #1'],
    ['asks them again when that failed', [line('clarify', 'failed')], false, 'clarify #1'],
    ['asks them again when its worker died', [line('clarify', 'running')], false, 'clarify #1'],
    ['waits for the answers', [asked], false, 'wait'],
    ['goes on once they are there', [asked], true, 'spec #1'],
    ['goes on at once when nothing was asked', [clear], false, 'spec #1'],
    ['goes on at once when the output says nothing about waiting', [done('clarify')], false, 'spec #1'],
    ['does not take answers for questions that were never asked', [], true, 'clarify #1'],
    ['writes the specification again when that failed', [clear, line('spec', 'failed')], false, 'spec #1'],
    ['plans from the specification', [clear, done('spec')], false, 'plan #1'],
    ['plans again when that failed', [clear, done('spec'), line('plan', 'failed')], false, 'plan #1'],
    ['ends with the plan', [clear, done('spec'), done('plan')], false, 'end'],
    ['does not depend on the order of the journal', [done('plan'), done('spec'), asked], true, 'end'],
  ])('%s', (_name, journal, answered, expected) => {
    expect(show(nextDesignStep(journal, answered))).toBe(expected);
  });
});

describe('an attempt at a task', () => {
  const open = [task('T1', 'pending')];
  const implemented = done('implement:T1');
  const refused = [implemented, done('apply:T1', { ok: false })];
  const applied = [implemented, done('apply:T1', { ok: true })];
  it.each<[string, JournalLine[], TaskState[], string]>([
    ['begins with the implementer', [], open, 'implement:T1 #1 of id-T1'],
    ['begins again when the implementer failed', [line('implement:T1', 'failed')], open, 'implement:T1 #1 of id-T1'],
    ['begins again when its worker died', [line('implement:T1', 'running')], open, 'implement:T1 #1 of id-T1'],
    ['applies the answer', [implemented], [task('T1', 'running')], 'apply:T1 #1 of id-T1'],
    ['applies it again when that failed', [implemented, line('apply:T1', 'failed')], open, 'apply:T1 #1 of id-T1'],
    ['asks for refused blocks again', refused, open, 'repair:T1 #1 of id-T1'],
    ['takes an apply that says nothing as refused', [implemented, done('apply:T1')], open, 'repair:T1 #1 of id-T1'],
    ['applies the repaired blocks', [...refused, done('repair:T1')], open, 'reapply:T1 #1 of id-T1'],
    [
      'checks what was applied in the end',
      [...refused, done('repair:T1'), done('reapply:T1', { ok: true })],
      open,
      'check:T1 #1 of id-T1',
    ],
    ['checks what was applied at once', applied, open, 'check:T1 #1 of id-T1'],
    ['checks again when that failed', [...applied, line('check:T1', 'failed')], open, 'check:T1 #1 of id-T1'],
    ['reviews what was checked', [...applied, done('check:T1', { ok: true })], open, 'review:T1 #1 of id-T1'],
    [
      'reviews again when that failed',
      [...applied, done('check:T1'), line('review:T1', 'failed')],
      open,
      'review:T1 #1 of id-T1',
    ],
    ['counts from the attempts that ended', applied, [task('T1', 'running', 1)], 'implement:T1 #2 of id-T1'],
    [
      'does not take an earlier attempt for this one',
      [...applied, done('check:T1'), done('review:T1'), done('implement:T1', {}, 2)],
      [task('T1', 'running', 1)],
      'apply:T1 #2 of id-T1',
    ],
    ['does not take another task for this one', [done('implement:T2')], open, 'implement:T1 #1 of id-T1'],
  ])('%s', (_name, journal, tasks, expected) => {
    expect(show(nextBuildStep(journal, tasks))).toBe(expected);
  });
});

describe('the order of a build', () => {
  const finished = [task('T1', 'approved', 1), task('T2', 'accepted', 3), task('T3', 'skipped', 3)];
  it.each<[string, JournalLine[], TaskState[], string]>([
    [
      'takes tasks by position, not by their order in the list',
      [],
      [task('T2', 'pending'), task('T1', 'pending')],
      'implement:T1 #1 of id-T1',
    ],
    ['passes over finished tasks', [], [...finished, task('T4', 'pending')], 'implement:T4 #1 of id-T4'],
    ['waits at a rejected task', [], [task('T1', 'rejected', 3), task('T2', 'pending')], 'wait'],
    [
      'finishes the task before the rejected one',
      [],
      [task('T1', 'running'), task('T2', 'rejected', 3)],
      'implement:T1 #1 of id-T1',
    ],
    ['documents when all tasks are finished', [], finished, 'document #1'],
    ['documents a plan without tasks', [], [], 'document #1'],
    ['documents again when that failed', [line('document', 'failed')], finished, 'document #1'],
    ['checks once more', [done('document')], finished, 'final-check #1'],
    ['completes', [done('document'), done('final-check', { ok: false })], finished, 'complete #1'],
    [
      'completes again when its worker died',
      [done('document'), done('final-check'), line('complete', 'running')],
      finished,
      'complete #1',
    ],
    ['ends', [done('document'), done('final-check'), done('complete')], finished, 'end'],
  ])('%s', (_name, journal, tasks, expected) => {
    expect(show(nextBuildStep(journal, tasks))).toBe(expected);
  });
});

/** Outcomes of steps, in order; what is missing goes well. */
const outcomes = fc.array(fc.constantFrom('well', 'well', 'well', 'fails', 'dies', 'refused'), { maxLength: 60 });

it('whatever fails or dies: a finished step never comes again, and every build ends or waits', () => {
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 1, max: 4 }), (list, count) => {
      const tasks = Array.from({ length: count }, (_, index) => task(`T${index + 1}`, 'pending'));
      const journal: JournalLine[] = [];
      const rest = [...list];
      for (let steps = 0; ; steps++) {
        expect(steps).toBeLessThan(400);
        const next = nextBuildStep(journal, tasks);
        if (next.kind !== 'step') return;
        const same = journal.find((known) => known.step === next.step && known.attempt === next.attempt);
        expect(same?.status).not.toBe('done');
        const outcome = rest.shift() ?? 'well';
        const entry = same ?? line(next.step, 'running', {}, next.attempt);
        if (same === undefined) journal.push(entry);
        entry.status = outcome === 'fails' ? 'failed' : outcome === 'dies' ? 'running' : 'done';
        if (entry.status === 'done') entry.output = { ok: outcome === 'well' };
        const current = tasks.find(({ id }) => id === next.taskId);
        if (current !== undefined && next.step.startsWith('review:') && entry.status === 'done') {
          current.attempts++;
          current.status = outcome === 'well' ? 'approved' : current.attempts >= 3 ? 'rejected' : 'running';
        }
      }
    }),
    { numRuns: 500 },
  );
});
