/**
 * Engine overhead of a step with an instant model, embedded, goal p95 50 ms. A step counts from the end of the one before it,
 * so that deciding is in it. Its own share is without what the step is for: checks and the prompt's context (search, repository
 * map). The code index is written beside the steps, on the same thread and connection: what it delays them stays in.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { cpus, loadavg } from 'node:os';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { answerQuestions } from '@/server/runs/chat/answer-questions';
import { advanceRun } from '@/server/runs/engine/engine';
import { type WorkKind, workChannel } from '@/server/runs/engine/trace-work';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { at, countQueries } from './count-queries';

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
const kind = new AsyncLocalStorage<WorkKind>();
workChannel.start.bindStore(kind, (context) => context.kind);
const { prisma, pglite } = await testDb();
const queries = pglite === null ? [] : countQueries(pglite, () => kind.getStore());
await startQueue();
/** The first project warms the process up and is not measured. */
const EXAMPLES = ['csv-to-json', 'csv-to-json', 'expense-report', 'link-shortener', 'game-of-life'];
let measuredFrom = new Date();
for (const [i, example] of EXAMPLES.entries()) {
  if (i === 1) measuredFrom = new Date();
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
  where: { status: 'done', startedAt: { gte: measuredFrom } },
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
/** CPU of this process between two moments, whatever it was for: the index that is written beside is in it. */
function cpuIn(from: number, to: number): number {
  const until = (moment: number) =>
    queries.findLast(({ at: when, cpu }) => cpu !== null && when <= moment + 1)?.cpu ?? 0;
  return until(to) - until(from);
}
const measured = steps.map((step, index) => {
  const before = steps[index - 1];
  // Before `spec` a person answers.
  const follows = before?.runId === step.runId && step.step !== 'spec';
  const from = ((follows ? before.finishedAt : null) ?? step.startedAt).getTime();
  const to = (step.finishedAt ?? step.startedAt).getTime();
  const asked = queries.filter((query) => query.at > from && query.at <= to && query.label === undefined);
  return {
    name: step.step.split(':')[0] ?? '',
    whole: to - from,
    own: to - from - workIn(from, to),
    queries: asked.length,
    cpu: cpuIn(from, to),
  };
});
const both = (rows: typeof measured) =>
  (['own', 'whole'] as const)
    .map((part) => {
      const times = rows.map((row) => row[part]);
      return `${part} p50 ${at(times, 0.5)} ms, p95 ${at(times, 0.95)} ms`;
    })
    .join('; ');
const counts = (rows: typeof measured) => {
  const middle = (part: 'queries' | 'cpu') =>
    at(
      rows.map((row) => row[part]),
      0.5,
    );
  return `p50 ${middle('queries')} statements, ${middle('cpu').toFixed(0)} ms CPU`;
};
for (const name of new Set(measured.map((row) => row.name))) {
  const rows = measured.filter((row) => row.name === name);
  console.log(`  ${name.padEnd(12)} ${String(rows.length).padStart(3)}  ${both(rows)}; ${counts(rows)}`);
}
if (process.argv.includes('--queries')) {
  for (const name of new Set(measured.map((row) => row.name))) {
    const step = steps.findLast((row) => row.step.startsWith(name));
    const before = steps[steps.findIndex((row) => row.id === step?.id) - 1];
    const [from, to] = [(before?.finishedAt ?? step?.startedAt)?.getTime() ?? 0, step?.finishedAt?.getTime() ?? 0];
    console.log(`\n${step?.step}`);
    for (const { sql, ms, at: moment, label } of queries)
      if (moment > from && moment <= to)
        console.log(`  ${ms.toFixed(1).padStart(6)} ${label ?? ''} ${sql.replaceAll(/\s+/g, ' ').slice(0, 150)}`);
  }
}
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}, load ${loadavg()[0]?.toFixed(1)}`;
console.log(
  `engine, ${measured.length} steps with an instant model, embedded: ${both(measured)} (goal for its own share: p95 50 ms); ${counts(measured)} | ${machine}`,
);
await stopQueue();
await closeTestDb();
