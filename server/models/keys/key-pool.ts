import 'server-only';
import { setTimeout as delay } from 'node:timers/promises';
import { Prisma } from '@/prisma/generated/client';
import { MODEL_LIMITS } from '@/server/models/call-limits';
import { instanceAccess, type ProviderAccess, providerKeys } from '@/server/models/providers/instance-keys';
import { askedWait, providerFault } from '@/server/models/providers/provider-fault';
import type { Provider } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { fingerprint } from '@/server/platform/crypto';
import { db } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';

type Pooled = NonNullable<ProviderAccess['pooled']>;

/** Pools whose rows this process has written, by the database's client. */
const written = new WeakMap<object, Set<string>>();

/**
 * The instance's key for the next call: of several the one that was used longest ago and does not rest, the same over all
 * processes. When all rest, the one that is free first. One key costs no statement, several cost one.
 * @throws AppError `model_not_available`; `rate_limited` when all rest for longer than a call waits
 */
export async function choosePooledKey(provider: Provider): Promise<ProviderAccess> {
  const access = await chooseKey(provider);
  const wait = restOf(access);
  if (wait <= MODEL_LIMITS.maxBackoffMs) return access;
  throw new AppError('rate_limited', `all keys for ${provider} rest`, {
    details: { retryAfterSeconds: Math.ceil(wait / 1000), by: 'provider' },
    userMessage:
      'The model’s provider takes no more requests for a while. Nothing was charged for it. Try again later.',
  });
}

async function chooseKey(provider: Provider): Promise<ProviderAccess> {
  const keys = providerKeys(provider);
  if (keys.length < 2) return instanceAccess(provider);
  const byFingerprint = new Map(keys.map((key) => [fingerprint(key, provider), key]));
  const ids = [...byFingerprint.keys()];
  await writeRows(provider, byFingerprint);
  // Skipping locked rows gives two callers at once different keys; when all are locked, any of them is right.
  const [unlocked] = await takeLeastUsed(ids, Prisma.sql`SKIP LOCKED`);
  const chosen = unlocked ?? (await takeLeastUsed(ids, Prisma.empty))[0];
  const apiKey = chosen === undefined ? undefined : byFingerprint.get(chosen.fingerprint);
  if (chosen === undefined || apiKey === undefined) throw new AppError('internal', `no key for ${provider} has a row`);
  return { apiKey, own: false, pooled: chosen };
}

/** A key whose circuit was open is tried by one call: it rests on for the others until that one has answered. No two uses share a moment. */
function takeLeastUsed(ids: string[], locked: Prisma.Sql): Promise<Pooled[]> {
  const at = now();
  const trial = new Date(at.getTime() + MODEL_LIMITS.keyRestMs);
  return db().$queryRaw<Pooled[]>`
    WITH chosen AS (
      SELECT "fingerprint", "restsUntil" FROM "InstanceKey" WHERE "fingerprint" = ANY(${ids})
      ORDER BY CASE WHEN "restsUntil" > ${at} THEN "restsUntil" END NULLS FIRST, "lastUsedAt" NULLS FIRST
      LIMIT 1 FOR UPDATE ${locked})
    UPDATE "InstanceKey" k SET "lastUsedAt" = GREATEST(clock_timestamp(),
        (SELECT max("lastUsedAt") FROM "InstanceKey" WHERE "fingerprint" = ANY(${ids})) + interval '1 microsecond'),
      "restsUntil" = CASE WHEN k."faults" >= ${MODEL_LIMITS.keyFaults} AND k."restsUntil" <= ${at} THEN ${trial} ELSE k."restsUntil" END
    FROM chosen WHERE k."fingerprint" = chosen."fingerprint"
    RETURNING k."fingerprint", chosen."restsUntil", k."faults"`;
}

async function writeRows(provider: Provider, keys: ReadonlyMap<string, string>): Promise<void> {
  const client = db();
  const known = written.get(client) ?? new Set();
  written.set(client, known);
  const ids = [...keys.keys()];
  if (ids.every((id) => known.has(id))) return;
  const data = [...keys].map(([id, key]) => ({ fingerprint: id, provider, lastFour: key.slice(-4) }));
  await client.instanceKey.createMany({ data, skipDuplicates: true });
  for (const id of ids) known.add(id);
}

/** Milliseconds until the key may be used. */
function restOf({ pooled }: ProviderAccess): number {
  return Math.max(0, (pooled?.restsUntil?.getTime() ?? 0) - now().getTime());
}

/** Waits until the key is free. */
export async function untilRested(access: ProviderAccess, signal?: AbortSignal): Promise<void> {
  const wait = restOf(access);
  if (wait > 0) await delay(wait, undefined, signal === undefined ? {} : { signal });
}

/**
 * Another key for a call whose own failed before anything of an answer came: not tried before, and free sooner. An outage is the
 * provider's and takes none: the call waits as long as its back-off says.
 */
export async function takeOtherKey(
  grant: { provider: Provider; access: ProviderAccess },
  failed: ProviderAccess[],
  error: unknown,
): Promise<boolean> {
  const fault = providerFault(error);
  if (grant.access.pooled === undefined || !['rate-limit', 'key-refused', 'quota-used-up'].includes(fault ?? ''))
    return false;
  failed.push(grant.access);
  const other = await chooseKey(grant.provider);
  const soonest = Math.min(restAfter(error) ?? 0, MODEL_LIMITS.maxBackoffMs);
  if (restOf(other) > soonest || failed.some(({ apiKey }) => apiKey === other.apiKey)) return false;
  grant.access = other;
  return true;
}

/** A key that failed before is well again. */
export async function keyAnswered({ pooled }: ProviderAccess): Promise<void> {
  if (pooled === undefined || pooled.faults === 0) return;
  await orLog(pooled, { faults: 0, fault: null, restsUntil: null });
}

/** Counts a failure that says something of the key or of the way to its provider, and lets the key rest as it asks for. */
export async function keyFailed({ pooled }: ProviderAccess, error: unknown): Promise<void> {
  const fault = providerFault(error);
  if (pooled === undefined || fault === null) return;
  const rest = restAfter(error);
  if (rest === null && fault !== 'down') return;
  if (fault === 'key-refused' || fault === 'quota-used-up')
    logger().error({ key: pooled.fingerprint.slice(0, 8), fault }, 'a key of the instance is not accepted');
  pooled.faults++;
  const restsUntil = new Date(now().getTime() + (rest ?? MODEL_LIMITS.keyRestMs));
  await orLog(pooled, { faults: { increment: 1 }, fault, ...(rest === null ? {} : { restsUntil }) });
  if (rest !== null) return;
  await db().instanceKey.updateMany({
    where: { fingerprint: pooled.fingerprint, faults: { gte: MODEL_LIMITS.keyFaults } },
    data: { restsUntil },
  });
}

function restAfter(error: unknown): number | null {
  switch (providerFault(error)) {
    case 'rate-limit':
      return askedWait(error) ?? MODEL_LIMITS.keyCoolMs;
    case 'key-refused':
    case 'quota-used-up':
      return MODEL_LIMITS.keyRefusedMs;
    default:
      return null;
  }
}

/** The health of a key is never a reason for a call to fail. */
async function orLog({ fingerprint: id }: Pooled, data: Prisma.InstanceKeyUpdateManyMutationInput): Promise<void> {
  try {
    await db().instanceKey.updateMany({ where: { fingerprint: id }, data });
  } catch (error) {
    logger().error({ err: error }, 'the health of a key was not written');
  }
}
