import 'server-only';
import { APICallError } from '@ai-sdk/provider';
import { now } from '@/server/platform/clock';
import { decryptSecret, encryptSecret } from '@/server/platform/crypto';
import { type Client, db } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { createLanguageModel, instanceAccess, type ProviderAccess } from './providers/create-model';
import type { Provider } from './schema';

/** What the interface may know of a stored key: never the key. */
export interface OwnKey {
  provider: string;
  lastFour: string;
  createdAt: Date;
  testedAt: Date | null;
  testError: string | null;
}

/** Longest wait of the test button, milliseconds. */
const KEY_TEST_MS = 20_000;

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

/** The key a call is made with: the organization's own before the instance's. @throws AppError `model_not_available` */
export async function accessFor(client: Client, organizationId: string, provider: Provider): Promise<ProviderAccess> {
  const own = await client.providerKey.findUnique({
    where: { organizationId_provider: { organizationId, provider } },
    select: { ciphertext: true },
  });
  return openAccess(organizationId, provider, own?.ciphertext ?? null);
}

/** As `accessFor`, for a caller that has read the stored key already; null: there is none. */
export function openAccess(organizationId: string, provider: Provider, ciphertext: Uint8Array | null): ProviderAccess {
  if (ciphertext !== null) return { apiKey: decryptSecret(ciphertext, contextOf(organizationId, provider)), own: true };
  return instanceAccess(provider);
}

/**
 * Tries a stored key by the cheapest real call: one token of the provider's cheapest model. What the provider says to a
 * wrong key is kept with the key; the call runs on the organization's own account, so no credits are involved.
 */
export async function testOwnKey(
  organizationId: string,
  provider: Provider,
): Promise<{ works: boolean; message: string }> {
  const access = await accessFor(db(), organizationId, provider);
  if (!access.own) throw notFound('Key');
  const model = await db().llmModel.findFirst({
    where: { provider, active: true, kind: 'text', tier: 'fast' },
    orderBy: { modelId: 'asc' },
  });
  if (model === null) throw new AppError('model_not_available', `no model of ${provider} is in the catalogue`);
  let testError: string | null = null;
  try {
    const { stream } = await createLanguageModel(provider, model.modelId, access).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Say OK.' }] }],
      maxOutputTokens: 16,
      abortSignal: AbortSignal.timeout(KEY_TEST_MS),
    });
    for await (const part of stream) {
      if (part.type === 'error') throw part.error;
      // The first piece proves the key; the rest would only cost the organization more.
      if (part.type === 'text-delta' || part.type === 'finish') break;
    }
  } catch (error) {
    testError = reasonOf(error);
  }
  await db().providerKey.updateMany({
    where: { organizationId, provider },
    data: { testedAt: now(), testError },
  });
  return { works: testError === null, message: testError ?? `${model.label} answered.` };
}

/** For people; never the provider's raw text, which may repeat a part of the key. */
function reasonOf(error: unknown): string {
  if (APICallError.isInstance(error)) {
    if (error.statusCode === 401 || error.statusCode === 403) return 'The provider does not accept this key.';
    if (error.statusCode === 429) return 'The provider knows this key but says its limit or credit is used up.';
    return `The provider answered with status ${error.statusCode ?? 'unknown'}.`;
  }
  return 'The provider could not be reached.';
}
