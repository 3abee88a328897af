import { describe, expect, it } from 'vitest';
import { viewTimeline } from '@/server/projects/view-timeline';
import { readFiles } from '@/server/workspace/snapshots';
import { goodReply, replacement, verdict, wholeFile } from '@/test/fake-model/scripted-project';
import { allDone, built, database, designed, drive, onT2, sandbox, script, status } from '@/test/scripted-runs';
import { resumeRun } from './command-run';

async function headFiles(projectId: string): Promise<Map<string, string>> {
  const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  return readFiles(database.prisma, {
    organizationId: project.organizationId,
    snapshotId: project.headSnapshotId ?? '',
  });
}

describe('a whole run over HTTP', () => {
  it('builds, checks, reviews and documents three tasks', async () => {
    sandbox('auto');
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    expect([...(await headFiles(own.projectId)).keys()].sort()).toEqual([
      'README.md',
      'package.json',
      ...['add', 'multiply', 'subtract'].map((name) => `src/${name}.js`),
      ...['add', 'multiply', 'subtract'].map((name) => `test/${name}.test.js`),
    ]);
    expect(script.asked.map(({ role, task }) => role + task)).toEqual([
      'clarify',
      'spec',
      'plan',
      ...['T1', 'T2', 'T3'].flatMap((key) => [`implement${key}`, `review${key}`]),
      'document',
    ]);
  });

  it('a provider that is broken for a moment costs nothing and the step is tried again', async () => {
    script.overrides.implement = ({ task, before }) =>
      task === 'T2' && before === 0
        ? { text: goodReply('T2'), fault: { kind: 'cut' } }
        : task === 'T2' && before === 1
          ? { text: '', fault: { kind: 'status', status: 500 } }
          : undefined;
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const failed = await database.prisma.modelCall.findMany({ where: { projectId: own.projectId, status: 'failed' } });
    expect(failed.map(({ chargedMicro }) => chargedMicro)).toEqual([0n, 0n]);
  });

  it('an empty specification is not used, not charged, and asked for again', async () => {
    script.overrides.spec = ({ before }) => (before === 0 ? '' : undefined);
    const { projectId } = await designed();
    expect(await status(projectId)).toMatchObject({ project: 'awaiting_approval' });
    const calls = await database.prisma.modelCall.findMany({
      where: { projectId, role: 'spec' },
      orderBy: { createdAt: 'asc' },
    });
    expect(calls.map((call) => call.status)).toEqual(['failed', 'succeeded']);
  });
});

describe('edits that must not be applied', () => {
  it('an edit that matches twice is refused with its places and asked for again', async () => {
    const twice = 'function f() {\n  return 1;\n}\nfunction g() {\n  return 1;\n}\nexport { f, g };';
    script.overrides.implement = ({ task, before }) => {
      if (task === 'T1') return `${goodReply('T1')}\n${wholeFile('src/twice.js', twice)}`;
      if (task !== 'T2') return undefined;
      return before === 0
        ? `${goodReply('T2')}\n${replacement('src/twice.js', '  return 1;', '  return 2;')}`
        : replacement('src/twice.js', 'function g() {\n  return 1;', 'function g() {\n  return 2;');
    };
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const repair = script.asked.filter(({ role, task }) => role === 'implement' && task === 'T2')[1];
    expect(repair?.request.prompt).toMatch(/REFUSED[\s\S]*src\/twice\.js[\s\S]*\b2\b[\s\S]*\b5\b/);
    const files = await headFiles(own.projectId);
    expect(files.get('src/twice.js')?.trim()).toBe(
      'function f() {\n  return 1;\n}\nfunction g() {\n  return 2;\n}\nexport { f, g };',
    );
    expect(files.has('src/subtract.js')).toBe(true);
  });

  it('a file that the task creates and no block brings is asked for, free, before any check', async () => {
    const [module = '', test = ''] = goodReply('T2').split(/(?=^test\/)/m);
    script.overrides.implement = onT2(`${module}\nIt runs so:\n\n\`\`\`sh\nnode --test\n\`\`\`\n`, test);
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const repair = script.asked.filter(({ role, task }) => role === 'implement' && task === 'T2')[1];
    expect(repair?.request.prompt).toMatch(/REFUSED[\s\S]*test\/subtract\.test\.js is missing/);
    const steps = (await viewTimeline(own)).steps.filter(({ taskKey }) => taskKey === 'T2');
    expect(steps.map(({ step, note }) => [step, note]).filter(([, note]) => note !== null)).toEqual([
      ['apply', '1 refused, 1 waiting, 1 example'],
      ['reapply', '2 applied, 1 example'],
    ]);
    const spent = steps.find(({ step }) => step === 'repair');
    expect(spent).toMatchObject({ chargedMicro: 0n });
    expect(spent?.absorbedMicro).toBeGreaterThan(0n);
    const names = steps.map(({ step }) => step);
    expect(names).toEqual(['implement', 'apply', 'repair', 'reapply', 'check', 'review']);
  });

  it('a file that stays missing is the finding of the next attempt', async () => {
    const [module = ''] = goodReply('T2').split(/(?=^test\/)/m);
    script.overrides.implement = ({ task, before }) => (task === 'T2' && before < 2 ? module : undefined);
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(JSON.stringify(review.findings)).toContain('test/subtract.test.js is missing');
  });

  it('a path without its folder names the file that may be meant, and the repair shows it', async () => {
    script.overrides.implement = onT2(
      `${goodReply('T2')}\n${replacement('add.js', '  return a + b;', '  return b + a;')}`,
      replacement('src/add.js', '  return a + b;', '  return b + a;'),
    );
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const repair = script.asked.filter(({ role, task }) => role === 'implement' && task === 'T2')[1];
    expect(repair?.request.prompt).toContain('did you mean src/add.js?');
    expect(repair?.request.prompt).toContain('return a + b;');
    expect((await headFiles(own.projectId)).has('add.js')).toBe(false);
  });

  it('a placeholder in place of code is refused and asked for again', async () => {
    const lazy = wholeFile('src/add.js', '// ... rest of the code unchanged ...');
    script.overrides.implement = onT2(
      `${goodReply('T2')}\n${lazy}`,
      wholeFile('src/add.js', 'export function add(a, b) {\n  return b + a;\n}'),
    );
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    expect((await headFiles(own.projectId)).get('src/add.js')).toContain('return b + a;');
  });

  it('an answer cut off at its limit is not applied or charged, and pauses the run with the reason; resuming goes on', async () => {
    script.overrides.implement = ({ task, before }) =>
      task === 'T2' && before === 0 ? { text: goodReply('T2').slice(0, 90), finishReason: 'length' } : undefined;
    const { own, runId } = await built();
    expect(await status(own.projectId)).toMatchObject({ project: 'paused' });
    const { statusReason } = await database.prisma.project.findUniqueOrThrow({ where: { id: own.projectId } });
    expect(statusReason).toContain('stopped at its limit');
    const cut = await database.prisma.modelCall.findFirstOrThrow({ where: { runId, errorCode: 'answer_cut_off' } });
    expect(cut).toMatchObject({ status: 'failed', chargedMicro: 0n });
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });

  it('a path that leaves the project is refused, also the second time', async () => {
    const evil = wholeFile('../evil.js', 'export const evil = true;');
    script.overrides.implement = onT2(`${goodReply('T2')}\n${evil}`, evil);
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    expect([...(await headFiles(own.projectId)).keys()].filter((path) => path.includes('evil'))).toEqual([]);
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(JSON.stringify(review.findings)).toContain('evil');
  });

  it('an empty answer is asked for again, free', async () => {
    script.overrides.implement = onT2('');
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
    const empty = await database.prisma.modelCall.findFirstOrThrow({ where: { runId, status: 'failed' } });
    expect(empty).toMatchObject({ errorCode: 'model_call_failed', chargedMicro: 0n });
  });
});

describe('verdicts', () => {
  it('approved without evidence becomes rejected by the code', async () => {
    script.overrides.review = onT2(verdict('T2', { criteria: [{ id: 'T2.1', met: true, evidence: '  ' }] }));
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(review).toMatchObject({ modelStatus: 'APPROVED', decidedBy: 'a criterion was called met without evidence' });
  });

  it('approved with a failing test becomes rejected by the code', async () => {
    sandbox('auto');
    script.overrides.implement = onT2(goodReply('T2').replace('a - b', 'a + b'));
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const review = await database.prisma.review.findFirstOrThrow({ where: { runId, status: 'REJECTED' } });
    expect(review).toMatchObject({
      modelStatus: 'APPROVED',
      decidedBy: 'a required check did not pass on this snapshot',
    });
  });

  it('one that cannot be read is repaired, and the unreadable one is free', async () => {
    script.overrides.review = onT2('{"status":"MAYBE"}');
    const { own } = await built();
    expect(await status(own.projectId)).toEqual(allDone());
  });

  it('one that can never be read pauses the run and is free; resuming goes on', async () => {
    script.overrides.review = ({ task }) => (task === 'T2' ? 'I cannot say.' : undefined);
    const { own, runId } = await built();
    expect(await status(own.projectId)).toMatchObject({ project: 'paused' });
    const task = await database.prisma.task.findFirstOrThrow({ where: { projectId: own.projectId, key: 'T2' } });
    const calls = await database.prisma.modelCall.findMany({
      where: { runId, role: 'review', taskId: task.id },
      select: { id: true },
    });
    expect(calls.length).toBeGreaterThanOrEqual(2);
    const net = await database.prisma.creditEntry.aggregate({
      where: { modelCallId: { in: calls.map(({ id }) => id) } },
      _sum: { amount: true },
    });
    expect(net._sum.amount).toBe(0n);
    script.overrides = {};
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });
});
