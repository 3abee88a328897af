/**
 * What a journey does to a database that no server owns at the moment, by the real functions:
 * `adjust EMAIL MICRO` (an adjustment: bonus credits first, then monthly ones), `price MODEL` (a price from now on),
 * `facts PROJECT`,
 * `larger-demo-models` (for the higher qualities), `audit` (what must hold about all the money). Prints one line of JSON.
 */
import { auditLedger } from '@/server/credits/ledger/audit';
import { grant } from '@/server/credits/ledger/ledger';
import { syncEnvironmentModels } from '@/server/models/catalogue/catalogue';
import { bootDatabase } from '@/server/platform/boot';
import { closeDatabase, db } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';

/** What must hold about a project however often its server died. */
export interface ProjectFacts {
  ledgerDifferences: unknown[];
  openHolds: number;
  runningCalls: number;
  /** Calls that a dead process left open. */
  diedCalls: number;
  /** `step attempt` of every journal line, and those that are not done. */
  journal: string[];
  unfinished: string[];
  /** Steps with a number of paid calls other than one. */
  paidOtherThanOnce: string[];
  events: number;
  /** Whether the event numbers are 1, 2, 3, ... without a gap. */
  eventsGapless: boolean;
  streamingMessages: number;
  /** Micro-credits: what the tasks say, and what the ledger says. */
  taskCharges: [string, string];
}

/** What must hold about the money of a server that has come to rest. */
export interface MoneyFacts {
  ledgerDifferences: unknown[];
  openHolds: number;
  runningCalls: number;
}

async function adjust(email: string, micro: bigint): Promise<void> {
  const user = await db().user.findUniqueOrThrow({ where: { email } });
  const { id } = await db().organization.findUniqueOrThrow({ where: { personalOfId: user.id } });
  const { bonus } = await db().creditBalance.findUniqueOrThrow({ where: { organizationId: id } });
  const fromBonus = micro < -bonus ? -bonus : micro;
  for (const [bucket, amount] of [
    ['bonus', fromBonus],
    ['monthly', micro - fromBonus],
  ] as const) {
    if (amount === 0n) continue;
    await grant(db(), {
      organizationId: id,
      kind: 'manual_adjustment',
      amount,
      bucket,
      idempotencyKey: `adjust:${newId()}`,
      note: 'Adjusted by an operator',
    });
  }
}

async function audit(): Promise<MoneyFacts> {
  return {
    ledgerDifferences: await auditLedger(db()),
    openHolds: await db().creditHold.count({ where: { status: 'pending' } }),
    runningCalls: await db().modelCall.count({ where: { status: 'running' } }),
  };
}

/** Two dollars a million tokens read, eight a million written, for a model of this environment. */
async function price(modelRowId: string) {
  await syncEnvironmentModels(db());
  return db().modelPrice.create({
    data: {
      id: newId(),
      modelRowId,
      inputPerMillion: 2_000_000_000n,
      outputPerMillion: 8_000_000_000n,
      cachedPerMillion: 500_000_000n,
      effectiveFrom: new Date(),
    },
  });
}

/** Enhanced and premium quality bring a model each, so that locking them means something. */
async function largerDemoModels(): Promise<void> {
  const { id: _, ...demo } = await db().llmModel.findUniqueOrThrow({ where: { id: 'demo:demo' } });
  const demoPrice = await db().modelPrice.findFirstOrThrow({ where: { modelRowId: 'demo:demo' } });
  for (const qualityId of ['enhanced', 'premium']) {
    const id = `demo:${qualityId}`;
    await db().llmModel.create({
      data: { ...demo, id, modelId: qualityId, label: `Demo model, ${qualityId} (offline)` },
    });
    await db().modelPrice.create({ data: { ...demoPrice, id: newId(), modelRowId: id } });
    await db().planQualityModel.updateMany({ where: { modelRowId: 'demo:demo', qualityId }, data: { modelRowId: id } });
  }
}

async function facts(projectId: string): Promise<ProjectFacts> {
  const where = { projectId };
  const steps = await db().runStep.findMany({ where, orderBy: { startedAt: 'asc' } });
  const calls = await db().modelCall.findMany({ where });
  const events = await db().runEvent.findMany({ where, orderBy: { seq: 'asc' }, select: { seq: true } });
  const tasks = await db().task.findMany({ where });
  const charged = await db().creditEntry.aggregate({
    where: { projectId, taskId: { not: null } },
    _sum: { amount: true },
  });
  const name = ({ step, attempt }: { step: string; attempt: number }) => `${step} ${attempt}`;
  const paid = (stepId: string) => calls.filter((call) => call.stepId === stepId && call.status === 'succeeded').length;
  return {
    ledgerDifferences: await auditLedger(db()),
    openHolds: await db().creditHold.count({ where: { status: 'pending' } }),
    runningCalls: calls.filter(({ status }) => status === 'running').length,
    diedCalls: calls.filter(({ errorCode }) => errorCode === 'process_died').length,
    journal: steps.map(name),
    unfinished: steps.filter(({ status }) => status !== 'done').map(name),
    paidOtherThanOnce: steps.filter(({ id, modelCallId }) => paid(id) !== (modelCallId === null ? 0 : 1)).map(name),
    events: events.length,
    eventsGapless: events.every(({ seq }, index) => seq === index + 1),
    streamingMessages: await db().message.count({ where: { projectId, status: 'streaming' } }),
    taskCharges: [
      tasks.reduce((sum, task) => sum + task.chargedMicro, 0n).toString(),
      (-(charged._sum.amount ?? 0n)).toString(),
    ],
  };
}

const [command, subject = '', amount = ''] = process.argv.slice(2);
const COMMANDS: Record<string, () => Promise<unknown>> = {
  adjust: () => adjust(subject, BigInt(amount)),
  price: () => price(subject),
  'larger-demo-models': largerDemoModels,
  facts: () => facts(subject),
  audit,
};
const run = COMMANDS[command ?? ''];
if (run === undefined) throw new Error(`no such command: ${command}`);
await bootDatabase();
const result = (await run()) ?? null;
console.log(JSON.stringify(result, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
await closeDatabase();
// The migration engine leaves a timer behind that would keep this process for ten seconds.
process.exit();
