import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { reviewPrompt } from '@/server/agents/prompts/review';
import { clarificationSchema, newPlanSchema, type PlannedTask, verdictSchema } from '@/server/agents/schema';
import { checkParse } from '@/server/workspace/checks/parse-check';
import { writeProject } from '@/server/workspace/checks/run-checks';
import { applyEdits } from '@/server/workspace/edits/apply-edits';
import { parseReply } from '@/server/workspace/edits/parse-reply';
import { guardShrinkage } from '@/server/workspace/edits/shrink-guard';
import { type DemoProject, loadDemoProjects } from './catalogue';
import { reviewAsDemo } from './demo-review';

/** Which first attempts fail, and by what: a test that really fails, or a defect that only the review finds. */
const FIRST_ATTEMPTS: Record<string, Record<string, 'check' | 'review'>> = {
  'csv-to-json': { T3: 'check' },
  'link-shortener': { T3: 'review' },
  'habit-tracker': {},
  'markdown-table': { T4: 'review' },
  'expense-report': { T3: 'check' },
  'game-of-life': { T1: 'check' },
};

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

interface Ran {
  command: string;
  status: string;
  exitCode: number | null;
  output: string;
}

async function runTests(files: Map<string, string>, command: string): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-demo-'));
  folders.push(folder);
  await writeProject(folder, files);
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
    // The tests of a project that is itself tested must not report to this runner.
    env: { PATH: `${join(process.execPath, '..')}:${process.env.PATH}`, NODE_ENV: 'test', HOME: folder },
  });
  return { command, status: status === 0 ? 'passed' : 'failed', exitCode: status, output: stdout + stderr };
}

/** Applies an authored reply as the run does: well formed, matched exactly, nothing lost. */
function applyReply(files: Map<string, string>, reply: string): Map<string, string> {
  const parsed = parseReply(reply);
  expect({ malformed: parsed.malformed, unfinished: parsed.unfinished }).toEqual({ malformed: [], unfinished: null });
  const result = applyEdits(files, parsed.blocks);
  if (!result.ok) throw new Error(JSON.stringify(result.refusals));
  expect(result.applied.flatMap(({ rungs }) => rungs).filter((rung) => rung !== 'exact')).toEqual([]);
  expect(guardShrinkage({ before: files, changes: result.changes, allowed: new Set() })).toEqual([]);
  const next = new Map(files);
  for (const [path, content] of result.changes) if (content !== null) next.set(path, content);
  return next;
}

/** The demo reads exactly what the run would show it. */
function review(project: DemoProject, task: PlannedTask, files: Map<string, string>, checks: Ran[]) {
  const { system, prompt } = reviewPrompt({
    description: project.prompt,
    task,
    checks,
    diff: '',
    files: [...files].map(([path, content]) => ({ path, content })),
  });
  return verdictSchema.parse(JSON.parse(reviewAsDemo(project, `${system}\n${prompt}`, task.id)));
}

describe.each(loadDemoProjects().map((project) => [project.slug, project] as const))('%s', (slug, project) => {
  const plan = newPlanSchema.parse(JSON.parse(project.plan));

  it('has answers that fit the schemas', () => {
    expect(clarificationSchema.safeParse(JSON.parse(project.clarify)).error).toBeUndefined();
    expect(plan.tasks.length).toBeGreaterThanOrEqual(4);
    expect(plan.tasks.length).toBeLessThanOrEqual(7);
    for (const { id } of plan.tasks.flatMap(({ criteria }) => criteria))
      expect(project.review.evidence).toHaveProperty([id]);
  });

  it('passes its tests after every task, and its first attempts really fail', async () => {
    let files = new Map<string, string>();
    const failedBy: Record<string, string> = {};
    for (const task of plan.tasks) {
      const [first, last] = [project.reply(task.id, 1) ?? '', project.reply(task.id, 3) ?? ''];
      if (first !== last) {
        const tried = applyReply(files, first);
        const ran = await runTests(tried, plan.checks.test ?? 'false');
        const verdict = review(project, task, tried, [ran]);
        expect({ task: task.id, status: verdict.status }).toEqual({ task: task.id, status: 'REJECTED' });
        // Each rejection points at a line: of the failed test's output, or of the defect.
        expect(verdict.findings.map(({ file, line }) => file !== undefined && line !== undefined)).not.toContain(false);
        failedBy[task.id] = ran.status === 'failed' ? 'check' : 'review';
      }
      const next = applyReply(files, last);
      const parsed = await checkParse(next, [...next.keys()]);
      expect({ task: task.id, status: parsed.status, output: parsed.output }).toMatchObject({ status: 'passed' });
      const ran = await runTests(next, plan.checks.test ?? 'false');
      expect({ task: task.id, exit: ran.exitCode, output: ran.exitCode === 0 ? '' : ran.output }).toEqual({
        task: task.id,
        exit: 0,
        output: '',
      });
      const verdict = review(project, task, next, [ran]);
      expect({ status: verdict.status, findings: verdict.findings }).toEqual({ status: 'APPROVED', findings: [] });
      files = next;
    }
    expect(failedBy).toEqual(FIRST_ATTEMPTS[slug]);
  }, 60_000);
});
