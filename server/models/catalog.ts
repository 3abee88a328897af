import 'server-only';
import { type Client, db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';
import { parseModelRef, providerKey } from './providers/create-model';
import { PROVIDERS, type Quality } from './schema';

export interface CatalogModel {
  ref: string;
  label: string;
  provider: string;
  tier: string;
  isDemo: boolean;
  isDefault: boolean;
}

/** True when no provider key is set: the offline demo model answers. */
export function isDemoInstance(): boolean {
  return PROVIDERS.every((provider) => provider === 'demo' || providerKey(provider) === null);
}

/** Models served at OPENAI_COMPATIBLE_BASE_URL get rows; local models cost nothing, and an operator can price them later. */
export async function syncEnvironmentModels(client: Client): Promise<void> {
  for (const modelId of env().OPENAI_COMPATIBLE_MODELS) {
    const id = `compatible:${modelId}`;
    await client.llmModel.createMany({
      data: [{ id, provider: 'compatible', modelId, label: modelId, structured: 'json_schema' }],
      skipDuplicates: true,
    });
    await client.modelPrice.createMany({
      data: [
        {
          id: `${id}@0`,
          modelRowId: id,
          inputPerMillion: 0n,
          outputPerMillion: 0n,
          cachedPerMillion: 0n,
          effectiveFrom: new Date(0),
        },
      ],
      skipDuplicates: true,
    });
  }
}

/** Text models that can be called now. */
export async function usableModels(quality: Quality): Promise<CatalogModel[]> {
  const rows = await db().llmModel.findMany({
    where: { active: true, kind: 'text' },
    orderBy: [{ provider: 'asc' }, { modelId: 'asc' }],
  });
  const demo = isDemoInstance();
  const usable = rows.filter((row) => {
    const provider = PROVIDERS.find((name) => name === row.provider);
    if (provider === undefined) return false;
    return provider === 'demo' ? demo : providerKey(provider) !== null;
  });
  const chosen = pickDefault(usable, quality);
  return usable.map((row) => ({
    ref: row.id,
    label: row.label,
    provider: row.provider,
    tier: row.tier,
    isDemo: row.provider === 'demo',
    isDefault: row.id === chosen,
  }));
}

function pickDefault(rows: { id: string; tier: string; provider: string }[], quality: Quality): string | undefined {
  const wanted = env().DEFAULT_MODEL;
  if (wanted !== undefined && rows.some(({ id }) => id === wanted)) return wanted;
  return (rows.find(({ tier }) => tier === quality) ?? rows[0])?.id;
}

/** The model a project uses: its own choice while that is usable, else the default. @throws AppError `model_not_available` */
export async function resolveModel(choice: string | null, quality: Quality): Promise<string> {
  const models = await usableModels(quality);
  if (choice !== null) {
    parseModelRef(choice);
    if (models.some(({ ref }) => ref === choice)) return choice;
  }
  const chosen = models.find(({ isDefault }) => isDefault);
  if (chosen === undefined) throw new AppError('model_not_available', 'no model can be called: set a provider key');
  return chosen.ref;
}
