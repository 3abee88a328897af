import 'server-only';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Database } from '@/server/platform/db';

/** One SQL call, each repetition a transaction of its own. The first column `outcome` is what is counted. */
export interface PressureCall {
  text: string;
  values: readonly (string | number | null)[];
  repeat: number;
}

export type PressureReply = { outcomes: Record<string, number> } | { error: string };

/** How often each outcome came. */
export type Outcomes = Record<string, number>;

/** Real processes that work at the same time, each on connections of its own. What they are sent is their program's matter. */
export class Crew<Call extends object = PressureCall> {
  private constructor(private readonly processes: readonly ChildProcess[]) {}

  /** `program`: what each process runs; by default the one that sends SQL. */
  static async start<Call extends object = PressureCall>(
    url: string,
    size: number,
    connections: number,
    program = new URL('./pressure-worker.ts', import.meta.url),
  ): Promise<Crew<Call>> {
    const worker = fileURLToPath(program);
    const processes = Array.from({ length: size }, () =>
      fork(worker, [url, String(connections)], {
        execArgv: ['--import', './scripts/register.mjs'],
      }),
    );
    await Promise.all(processes.map((child) => once(child, 'message')));
    return new Crew<Call>(processes);
  }

  /** Sends one call to each process, starting with process `first`, and waits for all. */
  async run(calls: readonly Call[], first = 0): Promise<Outcomes[]> {
    const replies = this.processes.map((child) => once(child, 'message'));
    for (let i = 0; i < this.processes.length; i++) {
      const at = (first + i) % this.processes.length;
      const call = calls[at];
      if (call !== undefined) this.processes[at]?.send(call);
    }
    const all: Outcomes[] = [];
    for (const [reply] of (await Promise.all(replies)) as [PressureReply][]) {
      if ('error' in reply) throw new Error(reply.error);
      all.push(reply.outcomes);
    }
    return all;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.processes.map(async (child) => {
        const gone = once(child, 'exit');
        child.disconnect();
        await gone;
      }),
    );
  }
}

/** Outcomes of several calls, added up. */
export function sumOutcomes(all: readonly Outcomes[]): Outcomes {
  const sum: Outcomes = {};
  for (const outcomes of all)
    for (const [outcome, count] of Object.entries(outcomes)) sum[outcome] = (sum[outcome] ?? 0) + count;
  return sum;
}

/**
 * Makes organizations `NAME-1` to `NAME-count` on the free plan, whose period began `ageMs` ago and ends after 30 days, with
 * these credits and, when `hold` is above zero, one open hold `hold-NAME-n` of it that is stale one second after now.
 */
export async function seedAccounts(
  database: Database,
  name: string,
  count: number,
  options: { monthly: bigint; bonus: bigint; hold?: bigint; ageMs?: number },
): Promise<void> {
  const { monthly, bonus, hold = 0n, ageMs = 0 } = options;
  const start = new Date(Date.now() - ageMs);
  const end = new Date(start.getTime() + 30 * 86_400_000);
  const { prisma } = database;
  await prisma.$executeRaw`INSERT INTO "Organization" ("id", "name") SELECT ${name} || '-' || n, 'Race' FROM generate_series(1, ${count}::int) n`;
  await prisma.$executeRaw`
    INSERT INTO "OrganizationPlan" ("organizationId", "planId", "periodStart", "periodEnd")
    SELECT ${name} || '-' || n, 'free', ${start}::timestamptz, ${end}::timestamptz FROM generate_series(1, ${count}::int) n`;
  await prisma.$executeRaw`
    INSERT INTO "CreditBalance" ("organizationId", "periodStart", "periodEnd")
    SELECT ${name} || '-' || n, ${start}::timestamptz, ${end}::timestamptz FROM generate_series(1, ${count}::int) n`;
  for (const [bucket, amount] of [
    ['monthly', monthly],
    ['bonus', bonus],
  ] as const)
    await prisma.$queryRaw`
      SELECT (ledger_grant(gen_random_uuid()::text, ${name} || '-' || n, 'manual_adjustment', ${amount}::bigint, ${bucket}, gen_random_uuid()::text, NULL, NULL,
        NULL, ${start}::timestamptz)).outcome FROM generate_series(1, ${count}::int) n`;
  if (hold > 0n)
    await prisma.$queryRaw`
      SELECT (ledger_reserve('hold-' || ${name} || '-' || n, ${name} || '-' || n, ${hold}::bigint, 'key-' || ${name} || '-' || n, now(), now() + interval '1 second',
        NULL, NULL, NULL, NULL, NULL)).outcome FROM generate_series(1, ${count}::int) n`;
}
