/** Engine overhead of a step with an instant model, embedded: what is left of a step's time without its checks. Goal: p95 50 ms. */
import { cpus } from 'node:os';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { answerQuestions, approvePlan, createProject } from '@/server/runs/commands';
import { advanceRun } from '@/server/runs/engine';

Object.assign(process.env, { DEMO_DELAY_MS: '0', EMBEDDER: 'off', SANDBOX: 'off', NODE_ENV: 'test' });
const { prisma } = await testDb();
await startQueue();
for (const example of ['csv-to-json', 'expense-report', 'link-shortener', 'game-of-life']) {
  const actor = await seedOrganization({ prisma, pglite: null, pool: null, close: async () => undefined });
  const projectId = await createProject({ ...actor, example });
  const own = { ...actor, projectId };
  const design = await prisma.run.findFirstOrThrow({ where: { projectId } });
  await advanceRun(design.id, { owner: 'bench' });
  const waiting = await prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  if (waiting.status === 'clarifying') {
    await answerQuestions(own, []);
    await advanceRun(design.id, { owner: 'bench' });
  }
  await advanceRun(await approvePlan(own, 1), { owner: 'bench' });
}
const steps = await prisma.runStep.findMany({ where: { status: 'done' }, orderBy: { startedAt: 'asc' } });
const times = steps
  .map(({ startedAt, finishedAt }) => (finishedAt?.getTime() ?? 0) - startedAt.getTime())
  .sort((a, b) => a - b);
const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
console.log(
  `engine, ${times.length} steps with an instant model, embedded: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms (goal 50 ms) | ${machine}`,
);
await stopQueue();
await closeTestDb();
