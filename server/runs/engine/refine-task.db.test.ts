import { expect, it } from 'vitest';
import { newId } from '@/server/platform/ids';
import { quoteOpenTasks } from '@/server/runs/plan/set-task-quality';
import { verdict } from '@/test/fake-model/scripted-project';
import { built, database, owner, script, status } from '@/test/scripted-runs';
import { seedOrganization } from '@/test/test-db';
import { scopeOf } from './actor';
import { refineTask } from './refine-task';

const finding = { severity: 'blocker', criterion: 'T2.1', problem: 'It does not subtract.', fix: 'Subtract.' };

/** A model that costs a thousand times as much, and another organization's call of it: the newest of the instance. */
async function expensiveCallOfAnother(): Promise<void> {
  const { prisma } = database;
  const other = await seedOrganization(database);
  await prisma.llmModel.upsert({
    where: { id: 'compatible:dear' },
    create: { id: 'compatible:dear', provider: 'compatible', modelId: 'dear', label: 'Dear', tier: 'fast' },
    update: {},
  });
  await prisma.modelPrice.create({
    data: {
      id: newId(),
      modelRowId: 'compatible:dear',
      inputPerMillion: 2_000_000_000_000n,
      outputPerMillion: 8_000_000_000_000n,
      cachedPerMillion: 500_000_000_000n,
      effectiveFrom: new Date(1000),
    },
  });
  await prisma.modelCall.create({
    data: {
      id: newId(),
      organizationId: other.organizationId,
      modelRowId: 'compatible:dear',
      modelLabel: 'Dear',
      role: 'implement',
      capability: 'implement',
      quality: 'fast',
      status: 'succeeded',
      idempotencyKey: newId(),
      promptVersion: 'implement-1',
      createdAt: new Date(Date.now() + 60_000),
    },
  });
}

it("an edited plan is priced by the project's own model, whatever another organization called last", async () => {
  script.overrides.review = ({ task }) =>
    task === 'T2' ? verdict('T2', { status: 'REJECTED', findings: [finding] }) : undefined;
  const { own } = await built();
  expect((await status(own.projectId)).project).toBe('awaiting_refinement');
  // As a project that uses the default of its quality.
  await database.prisma.project.update({ where: { id: own.projectId }, data: { modelRef: null } });
  const openTasks = () =>
    database.prisma.task.findMany({
      where: { organizationId: owner.organizationId, projectId: own.projectId, status: { not: 'approved' } },
      select: { key: true, quoteP90Micro: true },
      orderBy: { key: 'asc' },
    });
  await database.prisma.$transaction((tx) => quoteOpenTasks(tx, scopeOf(own)));
  const before = await openTasks();
  await expensiveCallOfAnother();
  const task = {
    title: 'Write subtract',
    why: 'Clearer.',
    criteria: [{ id: 'T2.1', text: 'It subtracts.' }],
    files: [],
  };
  await refineTask(own, { taskKey: 'T2', choice: 'edit', task });
  expect(await openTasks()).toEqual(before);
});
