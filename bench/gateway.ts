/**
 * What the gateway adds before the first token, reserve included, embedded: each call through the gateway is paired with the
 * same request by the provider's SDK alone, over HTTP to the same fake provider, in turns. Goal: p95 of the difference within a
 * pair <= 15 ms. Run: npm run bench gateway
 */
import { cpus, loadavg, totalmem } from 'node:os';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { auditLedger } from '@/server/credits/ledger/audit';
import { callModel } from '@/server/models/gateway/call-model';
import { createLanguageModel } from '@/server/models/providers/create-model';
import { instanceAccess } from '@/server/models/providers/instance-keys';
import { newId } from '@/server/platform/ids';
import { startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { at, countQueries, cpuMs } from './count-queries';

const WARM_UP = 30;
const PAIRS = 300;
const GOAL_MS = 15;
const MODEL = 'compatible:fake';
const system = 'You are measured. '.repeat(200);
const prompt = 'Say something. '.repeat(200);

const fake = await startFakeModel(() => ({ text: 'measured '.repeat(20) }));
Object.assign(process.env, {
  NODE_ENV: 'test',
  OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
  OPENAI_COMPATIBLE_MODELS: 'fake',
});
const database = await testDb();
const { prisma } = database;
await prisma.llmModel.create({ data: { id: MODEL, provider: 'compatible', modelId: 'fake', label: 'Fake' } });
const listed = await prisma.planCapabilityQuality.findMany();
await prisma.planQualityModel.createMany({ data: listed.map((row) => ({ ...row, modelRowId: MODEL, priority: 50 })) });
await prisma.modelPrice.create({
  data: {
    id: newId(),
    modelRowId: MODEL,
    inputPerMillion: 2_000_000n,
    outputPerMillion: 8_000_000n,
    cachedPerMillion: 500_000n,
    effectiveFrom: new Date(0),
  },
});
// The team plan has no requests-a-minute limit, which would end the measurement.
const owner = await seedOrganization(database, { planId: 'team', bonusMicro: 1_000_000_000_000n });

const queries = database.pglite === null ? [] : countQueries(database.pglite);

/** What it took to the first text. */
interface Taken {
  wall: number;
  /** CPU milliseconds of this process, the fake provider's share included. */
  cpu: number;
  queries: number;
}

/** Starts the clocks; the result stops them at the first call. */
function toFirst(): () => Taken {
  const [started, spent, asked] = [performance.now(), cpuMs(), queries.length];
  let taken: Taken | null = null;
  return () => {
    taken ??= { wall: performance.now() - started, cpu: cpuMs() - spent, queries: queries.length - asked };
    return taken;
  };
}

/** By the SDK alone. */
async function direct(): Promise<Taken> {
  const options: LanguageModelV4CallOptions = {
    prompt: [
      { role: 'system', content: system },
      { role: 'user', content: [{ type: 'text', text: prompt }] },
    ],
    maxOutputTokens: 2000,
  };
  const taken = toFirst();
  const { stream } = await createLanguageModel('compatible', 'fake', instanceAccess('compatible')).doStream(options);
  let first: Taken | null = null;
  // The whole answer is read, so that the next call does not share the machine with the rest of this one.
  for await (const part of stream) if (part.type === 'text-delta') first ??= taken();
  if (first === null) throw new Error('no text came');
  return first;
}

/** Through the gateway. */
async function metered(): Promise<Taken> {
  const taken = toFirst();
  let first: Taken | null = null;
  await callModel(
    {
      ...owner,
      projectId: null,
      runId: null,
      taskId: null,
      stepId: null,
      role: 'clarify',
      quality: 'fast',
      promptVersion: 'bench-1',
      idempotencyKey: newId(),
      hint: {},
    },
    {
      model: MODEL,
      system,
      prompt,
      onDelta: () => {
        first ??= taken();
      },
    },
  );
  if (first === null) throw new Error('no text came');
  return first;
}

const alone: number[] = [];
const through: number[] = [];
const added: number[] = [];
const addedCpu: number[] = [];
const asked: number[] = [];
for (let i = 0; i < WARM_UP + PAIRS; i++) {
  // Who goes first alternates: neither always finds the warmer process.
  let withGateway: Taken;
  let without: Taken;
  if (i % 2 === 0) {
    without = await direct();
    withGateway = await metered();
  } else {
    withGateway = await metered();
    without = await direct();
  }
  if (i < WARM_UP) continue;
  alone.push(without.wall);
  through.push(withGateway.wall);
  added.push(withGateway.wall - without.wall);
  addedCpu.push(withGateway.cpu - without.cpu);
  asked.push(withGateway.queries);
}

const both = (values: number[]) => `p50 ${at(values, 0.5).toFixed(1)} ms, p95 ${at(values, 0.95).toFixed(1)} ms`;
const ratio = (share: number) => (at(through, share) / at(alone, share)).toFixed(1);

function line(label: string, value: string): void {
  process.stdout.write(`${label.padEnd(34)} ${value}\n`);
}

const paid = await prisma.modelCall.count({ where: { status: 'succeeded', chargedMicro: { gt: 0n } } });
const problems = await auditLedger(prisma);
if (paid !== WARM_UP + PAIRS || problems.length > 0) {
  throw new Error(`measured something else: ${paid} paid calls, ledger: ${JSON.stringify(problems)}`);
}
line('date', new Date().toISOString());
line(
  'machine',
  `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1) ?? '?'}`,
);
line('calls', `${PAIRS} pairs after ${WARM_UP}, database ${process.env.TEST_DATABASE_URL ? 'native' : 'embedded'}`);
line('first text, SDK alone', both(alone));
line('first text, through the gateway', `${both(through)}; ${ratio(0.5)} and ${ratio(0.95)} times as long`);
line('gateway adds', `${both(added)} (goal p95 ${GOAL_MS} ms: ${at(added, 0.95) <= GOAL_MS ? 'met' : 'MISSED'})`);
line(
  'of that',
  `p50 ${at(addedCpu, 0.5).toFixed(1)} ms CPU, least ${at(added, 0).toFixed(1)} ms; p50 ${at(asked, 0.5)} statements (BEGIN and COMMIT counted)`,
);
await closeTestDb();
await fake.close();
