import 'server-only';
import { type Client, db, type Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';

/**
 * A run belongs to one worker at a time: its lease, renewed while it works, with a fencing token that grows with every
 * taker. Every journal write checks the token, so a worker that lost its lease can change nothing. The database's clock
 * decides, not the worker's.
 */
export interface Lease {
  runId: string;
  token: bigint;
}

/** @returns null when another worker holds it. */
export async function takeLease(runId: string, owner: string): Promise<Lease | null> {
  const [row] = await db().$queryRaw<{ token: bigint }[]>`
    UPDATE "Run" SET "leaseOwner" = ${owner}, "leaseToken" = "leaseToken" + 1, "leaseExpiresAt" = now() + ${RUN_LIMITS.leaseMs}::int * interval '1 millisecond'
    WHERE "id" = ${runId} AND ("leaseExpiresAt" IS NULL OR "leaseExpiresAt" < now()) RETURNING "leaseToken" AS token`;
  return row === undefined ? null : { runId, token: row.token };
}

/** Takes the lease from its holder, who can write nothing more. For who ends a run in their place. */
export async function seizeLease(tx: Tx, runId: string, owner: string): Promise<Lease> {
  const [row] = await tx.$queryRaw<{ token: bigint }[]>`
    UPDATE "Run" SET "leaseOwner" = ${owner}, "leaseToken" = "leaseToken" + 1, "leaseExpiresAt" = now() + ${RUN_LIMITS.leaseMs}::int * interval '1 millisecond'
    WHERE "id" = ${runId} RETURNING "leaseToken" AS token`;
  if (row === undefined) throw leaseLost(runId);
  return { runId, token: row.token };
}

/** Renews and proves the lease. @throws AppError `lease_lost` */
export async function holdLease(client: Client, { runId, token }: Lease): Promise<void> {
  const count = await client.$executeRaw`
    UPDATE "Run" SET "leaseExpiresAt" = now() + ${RUN_LIMITS.leaseMs}::int * interval '1 millisecond' WHERE "id" = ${runId} AND "leaseToken" = ${token}::bigint AND "leaseOwner" IS NOT NULL`;
  if (count === 0) throw leaseLost(runId);
}

export function leaseLost(runId: string): AppError {
  return new AppError('lease_lost', `run ${runId} has been taken by another worker`);
}

/** In the transaction that puts a run to rest, so that nobody sees a run that rests and is held. Twice is no harm. */
export async function giveLease(client: Client, { runId, token }: Lease): Promise<void> {
  await client.$executeRaw`
    UPDATE "Run" SET "leaseOwner" = NULL, "leaseExpiresAt" = NULL WHERE "id" = ${runId} AND "leaseToken" = ${token}::bigint`;
}
