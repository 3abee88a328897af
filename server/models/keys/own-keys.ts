import 'server-only';
import type { ProviderAccess } from '@/server/models/providers/instance-keys';
import type { Provider } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { decryptSecret, encryptSecret } from '@/server/platform/crypto';
import { type Client, db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { choosePooledKey } from './key-pool';

/** What the interface may know of a stored key: never the key. */
export interface OwnKey {
  provider: string;
  lastFour: string;
  createdAt: Date;
  testedAt: Date | null;
  testError: string | null;
}

const contextOf = (organizationId: string, provider: string) => `provider-key:${organizationId}:${provider}`;

export async function listOwnKeys(organizationId: string): Promise<OwnKey[]> {
  return db().providerKey.findMany({
    where: { organizationId },
    select: { provider: true, lastFour: true, createdAt: true, testedAt: true, testError: true },
    orderBy: { provider: 'asc' },
  });
}

/** Stores an organization's key for a provider, in place of the one before. The key itself is never read back by anyone. */
export async function storeOwnKey(input: {
  organizationId: string;
  userId: string;
  provider: Provider;
  key: string;
}): Promise<void> {
  const { organizationId, userId, provider, key } = input;
  const row = {
    ciphertext: new Uint8Array(encryptSecret(key, contextOf(organizationId, provider))),
    lastFour: key.slice(-4),
    createdById: userId,
    createdAt: now(),
    testedAt: null,
    testError: null,
  };
  await db().providerKey.upsert({
    where: { organizationId_provider: { organizationId, provider } },
    create: { id: newId(), organizationId, provider, ...row },
    update: row,
  });
}

/** @throws AppError `not_found` */
export async function removeOwnKey(organizationId: string, provider: Provider): Promise<void> {
  const { count } = await db().providerKey.deleteMany({ where: { organizationId, provider } });
  if (count === 0) throw notFound('Key');
}

/** Providers an organization has stored a key for. */
export async function ownKeyProviders(client: Client, organizationId: string): Promise<Set<string>> {
  const rows = await client.providerKey.findMany({ where: { organizationId }, select: { provider: true } });
  return new Set(rows.map(({ provider }) => provider));
}

/**
 * The key a call is made with: the organization's own, whose stored form the caller has read (null: there is none), before the
 * instance's. @throws AppError `model_not_available`, `rate_limited`
 */
export async function openAccess(
  organizationId: string,
  provider: Provider,
  ciphertext: Uint8Array | null,
): Promise<ProviderAccess> {
  if (ciphertext !== null) return { apiKey: decryptSecret(ciphertext, contextOf(organizationId, provider)), own: true };
  return choosePooledKey(provider);
}
