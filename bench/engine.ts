/**
 * Engine overhead of a step with an instant model, embedded, goal p95 50 ms. A step counts from the end of the one before it,
 * so that deciding is in it. Its own share is without what the step is for: checks and the prompt's context (search, repository
 * map). The code index is written beside the steps, on the same thread and connection: what it delays them stays in.
 */
import { cpus } from 'node:os';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { closeTestDb, seedOrganization, testDb } from '@/server/platform/test-db';
import { answerQuestions, approvePlan, createProject } from '@/server/runs/commands';
import { advanceRun } from '@/server/runs/engine';
import { workChannel } from '@/server/runs/work-proper';

Object.assign(process.env, { DEMO_DELAY_MS: '0', EMBEDDER: 'off', SANDBOX: 'off', NODE_ENV: 'test' });
const work: { from: number; to: number }[] = [];
const open = new Map<unknown, number>();
workChannel.subscribe({
  start: (context) => open.set(context, Date.now()),
  end: () => undefined,
  asyncStart: () => undefined,
  asyncEnd: (context) => {
    if (context.kind !== 'index') work.push({ from: open.get(context) ?? Date.now(), to: Date.now() });
    open.delete(context);
  },
  error: () => undefined,
});
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
const steps = await prisma.runStep.findMany({
  where: { status: 'done' },
  orderBy: [{ runId: 'asc' }, { finishedAt: 'asc' }],
});
/** Milliseconds of an interval that work took, overlaps once. */
function workIn(from: number, to: number): number {
  let end = from;
  let sum = 0;
  for (const part of [...work].sort((a, b) => a.from - b.from)) {
    const start = Math.max(part.from, end);
    const stop = Math.min(part.to, to);
    if (stop <= start) continue;
    sum += stop - start;
    end = stop;
  }
  return sum;
}
const measured = steps.map((step, index) => {
  const before = steps[index - 1];
  // Before `spec` a person answers.
  const follows = before?.runId === step.runId && step.step !== 'spec';
  const from = (follows ? before.finishedAt : null) ?? step.startedAt;
  const to = step.finishedAt ?? step.startedAt;
  const whole = to.getTime() - from.getTime();
  return { name: step.step.split(':')[0] ?? '', whole, own: whole - workIn(from.getTime(), to.getTime()) };
});
const at = (times: number[], share: number) => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};
const both = (rows: typeof measured) =>
  (['own', 'whole'] as const)
    .map((part) => {
      const times = rows.map((row) => row[part]);
      return `${part} p50 ${at(times, 0.5)} ms, p95 ${at(times, 0.95)} ms`;
    })
    .join('; ');
for (const name of new Set(measured.map((row) => row.name))) {
  const rows = measured.filter((row) => row.name === name);
  console.log(`  ${name.padEnd(12)} ${String(rows.length).padStart(3)}  ${both(rows)}`);
}
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
console.log(
  `engine, ${measured.length} steps with an instant model, embedded: ${both(measured)} (goal for its own share: p95 50 ms) | ${machine}`,
);
await stopQueue();
await closeTestDb();
