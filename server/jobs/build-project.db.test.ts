import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { viewProject } from '@/server/projects/view-project';
import { goodReply, verdict } from '@/test/fake-model/scripted-project';
import type { FakeAnswer } from '@/test/fake-model/server';
import { database, MODEL, script } from '@/test/scripted-runs';
import { type BuildOptions, buildProjectLocally } from './build-project';

// One person makes more projects here than a person does in a minute.
process.env.PROJECTS_PER_MINUTE = '1000';
const folder = mkdtempSync(join(tmpdir(), 'plumbline-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** The command with what it would print; without a terminal, as in CI. */
async function build(more: Partial<BuildOptions> = {}) {
  const lines: string[] = [];
  const outcome = await buildProjectLocally({
    description: 'Three sums with tests.',
    example: null,
    resume: null,
    out: folder,
    model: MODEL,
    budgetMicro: null,
    flat: false,
    onReject: null,
    confirm: () => Promise.resolve(true),
    decide: () => Promise.resolve(null),
    print: (line) => lines.push(line),
    ...more,
  });
  return { outcome, lines };
}

const broken: FakeAnswer = { text: 'Half a sen', fault: { kind: 'cut' } };
const overloaded: FakeAnswer = { text: '', fault: { kind: 'status', status: 500 } };
const rejected = verdict('T2', {
  status: 'REJECTED',
  criteria: [{ id: 'T2.1', met: false, evidence: 'src/subtract.js:2 adds' }],
  findings: [{ severity: 'blocker', criterion: 'T2.1', problem: 'It adds.', fix: 'Subtract.' }],
});
const rejectT2 = () => {
  script.overrides.review = ({ task }) => (task === 'T2' ? rejected : undefined);
};
const zipNames = () =>
  execFileSync(
    'python3',
    ['-c', 'import sys, zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))', join(folder, 'sums.zip')],
    {
      encoding: 'utf8',
    },
  )
    .trim()
    .split('\n')
    .sort();
const readZip = (path: string) =>
  execFileSync(
    'python3',
    [
      '-c',
      'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())',
      join(folder, 'sums.zip'),
      path,
    ],
    {
      encoding: 'utf8',
    },
  );

/** Each test waits as the command does, and builds a whole project. */
const LONG = { timeout: 120_000 };

describe('a failed step of the command line is tried again, as it says', LONG, () => {
  const waited = /A step failed\. Waiting until .* UTC, then it is tried again\./;

  it.each<[string, string, FakeAnswer]>([
    ['R1-cli-flaky: the first spec stream breaks', 'spec', broken],
    ['the provider is overloaded at the plan', 'plan', overloaded],
    ['the provider is overloaded at the first question', 'clarify', overloaded],
  ])('%s', async (_name, role, fault) => {
    script.overrides[role] = ({ before }) => (before === 0 ? fault : undefined);
    // Asked for the approval: the whole design went on by itself.
    const questions: string[] = [];
    const { outcome, lines } = await build({
      confirm: (question) => Promise.resolve(questions.push(question) === 0),
    });
    expect([outcome.kind, questions]).toEqual(['paused', ['Approve this plan?']]);
    expect(lines.join('\n')).toMatch(waited);
    expect(script.asked.filter((asked) => asked.role === role)).toHaveLength(2);
  });

  it('the first README stream breaks, after everything was paid', async () => {
    script.overrides.document = ({ before }) => (before === 0 ? broken : undefined);
    const { outcome, lines } = await build();
    expect(outcome).toMatchObject({ kind: 'completed', reason: null });
    expect(lines.join('\n')).toMatch(waited);
    expect(script.asked.filter(({ role }) => role === 'document')).toHaveLength(2);
  });
});

describe('a task that was rejected to the end', LONG, () => {
  it('ends a build that nobody watches, with the option to add; resuming without it is refused', async () => {
    rejectT2();
    const { outcome, lines } = await build();
    expect(outcome).toMatchObject({
      kind: 'paused',
      needs: '--on-reject CHOICE',
      reason: expect.stringContaining('--on-reject'),
    });
    expect(lines.join('\n')).toContain('It adds.');
    await expect(build({ resume: outcome.projectId })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('is decided by the person who is asked', async () => {
    rejectT2();
    const { outcome } = await build();
    const asked: string[] = [];
    const resumed = await build({
      resume: outcome.projectId,
      decide: (question) => {
        asked.push(question);
        script.overrides.review = undefined;
        return Promise.resolve('retry');
      },
    });
    expect(resumed.outcome.kind).toBe('completed');
    expect(asked).toEqual([expect.stringMatching(/^T2: .*costs nothing/)]);
  });

  it('is tried again once by --on-reject retry, then waits', async () => {
    rejectT2();
    const { outcome } = await build({ onReject: 'retry' });
    expect(outcome).toMatchObject({ kind: 'paused', needs: '--on-reject CHOICE' });
    const attempts = script.asked.filter(({ role, task }) => role === 'implement' && task === 'T2');
    expect(attempts.length).toBeGreaterThanOrEqual(3);
  });

  it('is accepted by --on-reject accept, for nothing', async () => {
    rejectT2();
    const { outcome } = await build({ onReject: 'accept' });
    expect(outcome.kind).toBe('completed');
    const task = await database.prisma.task.findFirstOrThrow({ where: { projectId: outcome.projectId, key: 'T2' } });
    expect(task).toMatchObject({ status: 'accepted', chargedMicro: 0n });
  });

  it('is not done when --on-reject skip leaves it out: plan, manifest, README request and the last line say so', async () => {
    rejectT2();
    const { outcome, lines } = await build({ onReject: 'skip' });
    expect(outcome.kind).toBe('completed');
    expect(lines.join('\n')).toContain('2 of 3 tasks done, 1 skipped');
    const plan = readZip('sums/PLAN.md');
    expect(plan).toMatch(/^- \[ \] \*\*T2 Write subtract\*\* \(S\), skipped$/m);
    expect(plan).toMatch(/^- \[x\] \*\*T3 /m);
    const manifest: unknown = JSON.parse(readZip('sums/PLUMBLINE.json'));
    expect(manifest).toMatchObject({
      tasks: { done: 2, skipped: 1, total: 3 },
      criteria: expect.arrayContaining([expect.objectContaining({ id: 'T2.1', status: 'skipped', met: null })]),
    });
    const readme = script.asked.find(({ role }) => role === 'document');
    expect(readme?.request.prompt).toMatch(/SKIPPED[\s\S]*T2 Write subtract/);
  });
});

describe('what the command line leaves and says', LONG, () => {
  it('puts everything into one folder, with SPEC.md', async () => {
    await build();
    const names = zipNames();
    expect(names.filter((name) => !name.startsWith('sums/'))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(['sums/SPEC.md', 'sums/PLAN.md', 'sums/PLUMBLINE.json', 'sums/README.md']),
    );
    expect(readZip('sums/SPEC.md')).toContain('# Sums');
  });

  it("keeps a project's own SPEC.md, and does without the folder with --flat", async () => {
    script.overrides.implement = ({ task }) =>
      task === 'T1' ? `${goodReply('T1')}\nspec.md\n\`\`\`\nOur own.\n\`\`\`\n` : undefined;
    await build({ flat: true });
    expect(zipNames()).toContain('PLAN.md');
    expect(zipNames().filter((name) => /spec\.md$/i.test(name))).toEqual(['spec.md']);
  });

  it('says what was charged after the verdict only, and the same total as every screen', async () => {
    script.overrides.review = ({ task, before }) => (task === 'T2' && before === 0 ? rejected : undefined);
    const { outcome, lines } = await build();
    for (const [index, line] of lines.entries()) {
      const key = /^ {2}(T\d) charged/.exec(line)?.[1];
      if (key !== undefined) expect(lines[index - 1]).toMatch(new RegExp(`^  ${key} (approved|rejected)$`));
    }
    expect(lines.filter((line) => line.startsWith('  T2 charged'))).toHaveLength(2);
    const { organizationId } = await database.prisma.project.findUniqueOrThrow({ where: { id: outcome.projectId } });
    const { quote } = await viewProject({ organizationId, projectId: outcome.projectId });
    const shown = lines.find((line) => line.includes('Quote, README included')) ?? '';
    expect(Number(/([\d.]+) at most/.exec(shown)?.[1])).toBeCloseTo(Number(quote.p90Micro) / 1e6, 2);
  });
});
