import { describe, expect, it } from 'vitest';
import { scheduleDowngrade } from '@/server/credits/ledger/apply-plan';
import { grant } from '@/server/credits/ledger/ledger';
import { readReceipt } from '@/server/credits/reports/read-receipt';
import { tariff } from '@/server/models/access/quote-call';
import { creditsFor } from '@/server/models/pricing';
import { newId } from '@/server/platform/ids';
import { setBudget } from '@/server/projects/project-settings';
import { viewProject } from '@/server/projects/view-project';
import { viewChat } from '@/server/runs/chat/view-chat';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { readFiles } from '@/server/workspace/snapshots';
import { goodReply, verdict } from '@/test/fake-model/scripted-project';
import { allDone, built, database, designed, drive, onT2, script, status } from '@/test/scripted-runs';
import { projectCharged } from './call';
import { commandRun, resumeRun } from './command-run';
import { refineTask } from './refine-task';
import { projectsWaitingForBudget } from './waiting-for-budget';

async function headFiles(projectId: string): Promise<Map<string, string>> {
  const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  return readFiles(database.prisma, {
    organizationId: project.organizationId,
    snapshotId: project.headSnapshotId ?? '',
  });
}

const waitsForBudget = async (own: { organizationId: string; projectId: string }) =>
  (await projectsWaitingForBudget(own.organizationId, [{ id: own.projectId, status: 'awaiting_credits' }])).has(
    own.projectId,
  );

async function eventually(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('the loop ends', () => {
  const stubborn = ({ task }: { task: string }) =>
    task === 'T2'
      ? verdict('T2', {
          status: 'REJECTED',
          criteria: [{ id: 'T2.1', met: false, evidence: '' }],
          findings: [{ criterion: 'T2.1', severity: 'major', problem: 'It is wrong in 2 places.', fix: '' }],
        })
      : undefined;

  it.each(['accept', 'skip', 'retry'] as const)(
    'after the same finding twice, and the user says %s',
    async (choice) => {
      script.overrides.review = stubborn;
      const { own, runId } = await built();
      expect((await status(own.projectId)).project).toBe('awaiting_refinement');
      expect((await status(own.projectId)).tasks[1]).toEqual(['rejected', 2]);
      script.overrides = {};
      await refineTask(own, { taskKey: 'T2', choice });
      await drive(runId);
      const ends = { accept: ['accepted', 2], skip: ['skipped', 2], retry: ['approved', 3] } as const;
      const [ending, attempts] = ends[choice];
      expect(await status(own.projectId)).toEqual(allDone([ending, attempts]));
      expect((await headFiles(own.projectId)).has('src/subtract.js')).toBe(choice !== 'skip');
    },
  );

  it('a member who decides on a rejected task pays for what follows, within their budget', async () => {
    script.overrides.review = stubborn;
    const { own, runId } = await built();
    script.overrides = {};
    const member = newId();
    await database.prisma.user.create({ data: { id: member, email: `${member}@example.test`, name: 'Mem' } });
    await database.prisma.membership.create({
      data: { id: newId(), organizationId: own.organizationId, userId: member, role: 'member', monthlyBudgetMicro: 0n },
    });
    const where = { runId, kind: 'usage' } as const;
    const before = await database.prisma.creditEntry.count({ where });
    await refineTask({ ...own, userId: member }, { taskKey: 'T2', choice: 'retry' });
    await drive(runId);
    expect((await status(own.projectId)).project).toBe('awaiting_credits');
    expect(await database.prisma.creditEntry.count({ where })).toBe(before);
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone(['approved', 3]));
  });

  it('and only approved attempts were charged', async () => {
    script.overrides.review = onT2(stubborn({ task: 'T2' }));
    const { own, runId } = await built();
    expect(await status(own.projectId)).toEqual(allDone(['approved', 2]));
    const calls = await database.prisma.modelCall.findMany({
      where: { projectId: own.projectId, status: 'succeeded' },
    });
    const steps = await database.prisma.runStep.findMany({ where: { runId, step: { endsWith: ':T2' }, attempt: 1 } });
    const rejected = calls.filter(({ stepId }) => steps.some(({ id }) => id === stepId));
    expect(rejected).toHaveLength(2);
    const price = (list: typeof calls) => list.reduce((sum, call) => sum + creditsFor(call.costNano, tariff()), 0n);
    expect(await projectCharged(own.projectId)).toBe(price(calls) - price(rejected));
    const task = await database.prisma.task.findFirstOrThrow({ where: { projectId: own.projectId, key: 'T2' } });
    expect(task.absorbedMicro).toBe(price(rejected));

    // The chat says so beside the message, and the review's refund leads to the lines that it reviewed.
    const { messages } = await viewChat(own);
    expect(messages.filter(({ notCharged }) => notCharged).map(({ costMicro }) => costMicro)).toEqual(
      rejected.filter(({ role }) => role === 'implement').map(({ chargedMicro }) => chargedMicro),
    );
    const review = rejected.find(({ role }) => role === 'review');
    const refund = await database.prisma.creditEntry.findFirstOrThrow({
      where: { modelCallId: review?.id ?? '', kind: 'usage_refund' },
    });
    const { step } = await readReceipt({ organizationId: own.organizationId, entryId: refund.id });
    expect(step).toMatchObject({ difference: 'reviewed', snapshotId: expect.any(String) });
  });
});

describe('money and stopping', () => {
  it('out of credits pauses, and the same run goes on after a grant', async () => {
    const own = await designed();
    const { monthly } = await database.prisma.creditBalance.findUniqueOrThrow({
      where: { organizationId: own.organizationId },
    });
    const drain = async (amount: bigint, bucket: 'monthly' | 'bonus') =>
      grant(database.prisma, {
        organizationId: own.organizationId,
        kind: 'manual_adjustment',
        amount,
        bucket,
        idempotencyKey: newId(),
      });
    await drain(-monthly, 'monthly');
    await drain(-500_000_000n + 10n, 'bonus');
    const runId = await approvePlan(own, 1);
    await drive(runId);
    expect((await status(own.projectId)).project).toBe('awaiting_credits');
    expect(await waitsForBudget(own)).toBe(false);
    // What waiting would bring is the next period's plan, not this one's.
    const monthlyOf = async () => (await viewProject(own)).unlock?.monthly?.amount;
    expect(await monthlyOf()).toBe(500_000_000n);
    await scheduleDowngrade(database.prisma, { organizationId: own.organizationId, planId: 'free' });
    expect(await monthlyOf()).toBe(10_000_000n);
    await drain(400_000_000n, 'bonus');
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
    expect(await database.prisma.run.count({ where: { projectId: own.projectId, kind: 'build' } })).toBe(1);
  });

  it('a budget that is used up pauses before the step, and a larger one goes on', async () => {
    const { own, runId } = await built(1n);
    expect((await status(own.projectId)).project).toBe('awaiting_credits');
    expect(await waitsForBudget(own)).toBe(true);
    expect(script.asked.filter(({ role }) => role === 'implement')).toEqual([]);
    await setBudget(own, null);
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });

  it('a stop in the middle of an answer is free, and resuming does that step again', async () => {
    const own = await designed();
    script.overrides.implement = ({ task, before }) =>
      task === 'T2' && before === 0 ? { text: goodReply('T2'), fault: { kind: 'hang' } } : undefined;
    const runId = await approvePlan(own, 1);
    const running = drive(runId);
    await eventually(() => script.asked.some(({ role, task }) => role === 'implement' && task === 'T2'));
    await commandRun(own, 'stop');
    await running;
    expect((await status(own.projectId)).project).toBe('paused');
    expect(await database.prisma.run.findUnique({ where: { id: runId } })).toMatchObject({ status: 'stopped' });
    const aborted = await database.prisma.modelCall.findMany({ where: { runId, status: 'aborted' } });
    expect(aborted.map(({ chargedMicro }) => chargedMicro)).toEqual([0n]);
    await resumeRun(own);
    await drive(runId);
    expect(await status(own.projectId)).toEqual(allDone());
  });
});
