import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { architectPlanSchema, clarificationSchema, verdictSchema } from '@/server/agents/schema';
import { fileSection } from '@/server/models/prompt-format';
import { writeProject } from '@/server/workspace/checks/run-checks';
import { applyEdits } from '@/server/workspace/edits/apply-edits';
import { parseReply } from '@/server/workspace/edits/parse-reply';
import { guardShrinkage } from '@/server/workspace/edits/shrink-guard';
import { loadDemoProjects, matchDemoProject } from './catalog';
import { createDemoModel } from './demo-model';
import { reviewAsDemo } from './demo-review';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function runTests(
  files: Map<string, string>,
  command: string,
): Promise<{ status: number | null; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-demo-'));
  folders.push(folder);
  await writeProject(folder, files);
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
    // The tests of a project that is itself tested must not report to this runner.
    env: { PATH: `${join(process.execPath, '..')}:${process.env.PATH}`, NODE_ENV: 'test', HOME: folder },
  });
  return { status, output: stdout + stderr };
}

function reviewPromptFor(
  project: ReturnType<typeof loadDemoProjects>[number],
  taskId: string,
  files: Map<string, string>,
): string {
  const criteria =
    project.tasks.find(({ id }) => id === taskId)?.criteria.map(({ id, text }) => `- [${id}] ${text}`) ?? [];
  return `### CRITERIA\n\`\`\`\n${criteria.join('\n')}\n\`\`\`\n${[...files].map(([path, content]) => fileSection(path, content)).join('\n')}`;
}

describe.each(loadDemoProjects().map((project) => [project.slug, project] as const))('%s', (_slug, project) => {
  it('has answers that fit the schemas', () => {
    expect(clarificationSchema.safeParse(JSON.parse(project.clarify)).error).toBeUndefined();
    const plan = architectPlanSchema.parse(JSON.parse(project.plan));
    expect(plan.tasks.length).toBeGreaterThanOrEqual(4);
    expect(plan.tasks.length).toBeLessThanOrEqual(7);
    for (const { id } of plan.tasks.flatMap(({ criteria }) => criteria))
      expect(project.review.evidence).toHaveProperty([id]);
  });

  it('is matched by its own example text and no other', () => {
    expect(matchDemoProject(project.prompt)?.slug).toBe(project.slug);
  });

  it('passes its tests after every task, and its first attempts really fail', async () => {
    const plan = architectPlanSchema.parse(JSON.parse(project.plan));
    let files = new Map<string, string>();
    for (const task of plan.tasks) {
      const attempts = [1, 2, 3]
        .map((n) => project.reply(task.id, n))
        .filter((reply, i, all) => reply !== null && all.indexOf(reply) === i);
      for (const [index, reply] of attempts.entries()) {
        const parsed = parseReply(reply ?? '');
        expect({ malformed: parsed.malformed, unfinished: parsed.unfinished }).toEqual({
          malformed: [],
          unfinished: null,
        });
        const result = applyEdits(files, parsed.blocks);
        expect(result.ok ? [] : result.refusals).toEqual([]);
        if (!result.ok) return;
        expect(result.applied.flatMap(({ rungs }) => rungs).filter((rung) => rung !== 'exact')).toEqual([]);
        expect(guardShrinkage({ before: files, changes: result.changes, allowed: new Set() })).toEqual([]);
        const next = new Map(files);
        for (const [path, content] of result.changes) if (content !== null) next.set(path, content);
        const verdict = verdictSchema.parse(
          JSON.parse(reviewAsDemo(project, reviewPromptFor(project, task.id, next), task.id)),
        );
        const last = index === attempts.length - 1;
        expect({ task: task.id, status: verdict.status, findings: last ? verdict.findings : 'some' }).toEqual({
          task: task.id,
          status: last ? 'APPROVED' : 'REJECTED',
          findings: last ? [] : 'some',
        });
        if (last) {
          const { status, output } = await runTests(next, plan.checks.test ?? 'false');
          expect({ task: task.id, status, output: status === 0 ? '' : output }).toEqual({
            task: task.id,
            status: 0,
            output: '',
          });
          files = next;
        }
      }
    }
  }, 60_000);
});

describe('the demo model', () => {
  it('rejects first attempts by check in two projects or more, and by review alone in one or more', async () => {
    const kinds: string[] = [];
    for (const project of loadDemoProjects()) {
      const plan = architectPlanSchema.parse(JSON.parse(project.plan));
      let files = new Map<string, string>();
      for (const task of plan.tasks) {
        const apply = (reply: string) => {
          const result = applyEdits(files, parseReply(reply).blocks);
          if (!result.ok) throw new Error(`${project.slug} ${task.id}`);
          return new Map([
            ...files,
            ...[...result.changes].filter((entry): entry is [string, string] => entry[1] !== null),
          ]);
        };
        const [first, final] = [project.reply(task.id, 1) ?? '', project.reply(task.id, 3) ?? ''];
        if (first !== final)
          kinds.push((await runTests(apply(first), plan.checks.test ?? 'false')).status === 0 ? 'review' : 'check');
        files = apply(final);
      }
    }
    expect(kinds.filter((kind) => kind === 'check').length).toBeGreaterThanOrEqual(2);
    expect(kinds.filter((kind) => kind === 'review').length).toBeGreaterThanOrEqual(1);
  }, 60_000);

  it('says plainly what it can build when it does not know a description', async () => {
    const { content } = await createDemoModel({ delayMs: 0 }).doGenerate({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      providerOptions: { plumbline: { role: 'plan', description: 'an operating system' } },
    });
    expect(JSON.stringify(content)).toContain('OPENAI_API_KEY');
    expect(matchDemoProject('an operating system')).toBeNull();
  });

  it('streams exactly the text it would answer at once, and stops when aborted', async () => {
    const model = createDemoModel({ delayMs: 0 });
    const options = {
      prompt: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'x' }] }],
      providerOptions: { plumbline: { role: 'spec', description: 'csv-to-json' } },
    };
    const { content } = await model.doGenerate(options);
    let text = '';
    for await (const part of (await model.doStream(options)).stream) if (part.type === 'text-delta') text += part.delta;
    expect(content).toEqual([{ type: 'text', text }]);
    const abort = new AbortController();
    const reader = (
      await createDemoModel({ delayMs: 5 }).doStream({ ...options, abortSignal: abort.signal })
    ).stream.getReader();
    await reader.read();
    abort.abort();
    await expect(
      (async () => {
        for (;;) if ((await reader.read()).done) return;
      })(),
    ).rejects.toThrow(/abort/i);
  });
});
