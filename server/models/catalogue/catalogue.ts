import 'server-only';
import { providerKeys } from '@/server/models/providers/instance-keys';
import { parseModelRef } from '@/server/models/providers/model-ref';
import { type Capability, PROVIDERS, type Quality } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { type Client, db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';

export interface CatalogModel {
  ref: string;
  label: string;
  provider: string;
  tier: string;
  isDemo: boolean;
  isDefault: boolean;
  /** Thinks before it answers, with the effort of the quality. */
  reasoning: boolean;
  /** Called with the organization's own key. */
  ownKey: boolean;
  /** The default of before, which was withdrawn: this one is its successor (`deprecated`) or, without one, the next in the list. */
  standsFor: { ref: string; label: string; reason: 'deprecated' | 'unavailable' } | null;
}

/** For whom and for what a model is chosen. */
export interface ModelScope {
  organizationId: string;
  quality: Quality;
  capability: Capability;
  /** Instead of the organization's plan: what it could use after an upgrade. */
  planId?: string;
}

/** True when no provider key is set: the offline demo model answers. */
export function isDemoInstance(): boolean {
  return PROVIDERS.every((provider) => provider === 'demo' || providerKeys(provider).length === 0);
}

/** Priority of models served at OPENAI_COMPATIBLE_BASE_URL: after the catalogue's own. */
const ENVIRONMENT_PRIORITY = 50;

/**
 * Models served at OPENAI_COMPATIBLE_BASE_URL get rows, and every plan may use them at each quality it includes; local
 * models cost nothing, and an operator can price them later.
 */
export async function syncEnvironmentModels(client: Client): Promise<void> {
  const allowed = env().OPENAI_COMPATIBLE_MODELS.length === 0 ? [] : await client.planCapabilityQuality.findMany();
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
    await client.planQualityModel.createMany({
      data: allowed.map((row) => ({ ...row, modelRowId: id, priority: ENVIRONMENT_PRIORITY })),
      skipDuplicates: true,
    });
  }
}

/** Text models the organization's plan may use for this, that can be called now; the first is the default. */
export async function usableModels(scope: ModelScope, client: Client = db()): Promise<CatalogModel[]> {
  const { organizationId, quality: qualityId, capability: capabilityId } = scope;
  // One statement: every step of a run that calls a model asks this.
  const rows = await client.$queryRaw<UsableRow[]>`
    SELECT m."id", m."label", m."provider", m."tier", m."reasoning", m."deprecatedAt", m."active",
      ARRAY(SELECT k."provider" FROM "ProviderKey" k WHERE k."organizationId" = op."organizationId") AS "ownKeys"
    FROM "OrganizationPlan" op
    JOIN "PlanQualityModel" q ON q."planId" = coalesce(${scope.planId ?? null}::text, op."planId") AND q."qualityId" = ${qualityId} AND q."capabilityId" = ${capabilityId}
    JOIN "LlmModel" m ON m."id" = q."modelRowId" AND m."kind" = 'text'
    WHERE op."organizationId" = ${organizationId}
    ORDER BY q."isDefault" DESC, q."priority", q."modelRowId"`;
  const own: ReadonlySet<string> = new Set(rows[0]?.ownKeys);
  const demo = isDemoInstance() && own.size === 0;
  const known = rows.filter((row) => (row.provider === 'demo' ? demo : hasKey(row.provider, own)));
  const usable = known.filter((row) => !isWithdrawn(row));
  const wanted = known.find(({ id }) => id === env().DEFAULT_MODEL) ?? known[0];
  const replaced = wanted !== undefined && isWithdrawn(wanted) ? wanted : null;
  const end = replaced === null ? wanted?.id : (await successorOf(client, replaced.id)).successor;
  const successor = usable.find(({ id }) => id === end);
  const chosen = successor ?? usable[0];
  return usable.map((row) => ({
    ref: row.id,
    label: row.label,
    provider: row.provider,
    tier: row.tier,
    isDemo: row.provider === 'demo',
    isDefault: row === chosen,
    reasoning: row.reasoning,
    ownKey: own.has(row.provider),
    standsFor:
      row === chosen && replaced !== null
        ? { ref: replaced.id, label: replaced.label, reason: successor === undefined ? 'unavailable' : 'deprecated' }
        : null,
  }));
}

interface UsableRow {
  id: string;
  label: string;
  provider: string;
  tier: string;
  reasoning: boolean;
  deprecatedAt: Date | null;
  active: boolean;
  ownKeys: string[];
}

function hasKey(name: string, own: ReadonlySet<string>): boolean {
  const provider = PROVIDERS.find((known) => known === name);
  return provider !== undefined && (own.has(provider) || providerKeys(provider).length > 0);
}

/** Deprecated by its provider or switched off by the operator. */
function isWithdrawn(row: { deprecatedAt: Date | null; active: boolean }): boolean {
  return !row.active || (row.deprecatedAt !== null && row.deprecatedAt <= now());
}

export interface ModelChoice {
  ref: string;
  /** Other models the plan may use for this, in the order in which they are tried when this one does not answer. */
  fallbacks: string[];
  /** The project's own choice, or without one the default, was withdrawn and this took its place. Labels, and the old reference. */
  replaced: { from: string; fromRef: string; to: string; reason: 'deprecated' | 'unavailable' } | null;
}

/**
 * The model a project uses: its own choice while that is usable, the successor of a deprecated one, else the default.
 * @throws AppError `model_not_available`
 */
export async function chooseModel(
  scope: ModelScope,
  choice: string | null,
  client: Client = db(),
): Promise<ModelChoice> {
  const models = await usableModels(scope, client);
  const pick = (ref: string, replaced: ModelChoice['replaced']): ModelChoice => ({
    ref,
    fallbacks: fallbacksOf(models, ref),
    replaced,
  });
  const label = (ref: string) => models.find((model) => model.ref === ref)?.label ?? ref;
  if (choice !== null) {
    parseModelRef(choice);
    if (models.some(({ ref }) => ref === choice)) return pick(choice, null);
    const { row, successor } = await successorOf(client, choice);
    if (successor !== null && models.some(({ ref }) => ref === successor))
      return pick(successor, {
        from: row?.label ?? choice,
        fromRef: choice,
        to: label(successor),
        reason: 'deprecated',
      });
    const fallback = models.find(({ isDefault }) => isDefault);
    if (fallback !== undefined)
      return pick(fallback.ref, {
        from: row?.label ?? choice,
        fromRef: choice,
        to: fallback.label,
        reason: 'unavailable',
      });
  }
  const chosen = models.find(({ isDefault }) => isDefault);
  if (chosen === undefined) {
    throw new AppError('model_not_available', `no model can be called at ${scope.quality} for ${scope.capability}`, {
      userMessage:
        'No model can be called at this quality. Choose another quality, or ask the operator to set a provider key.',
    });
  }
  const { standsFor } = chosen;
  return pick(
    chosen.ref,
    standsFor === null
      ? null
      : { from: standsFor.label, fromRef: standsFor.ref, to: chosen.label, reason: standsFor.reason },
  );
}

/** What fails on an own key never goes on at the price of the instance's: it was quoted as free, or as the fee alone. */
function fallbacksOf(models: readonly CatalogModel[], ref: string): string[] {
  const own = models.find((model) => model.ref === ref)?.ownKey ?? false;
  return models.filter((model) => model.ref !== ref && (!own || model.ownKey)).map((model) => model.ref);
}

const MAX_HOPS = 10;

/** The end of a withdrawn model's chain of successors; null when it has none. */
async function successorOf(client: Client, ref: string) {
  const row = await client.llmModel.findUnique({ where: { id: ref } });
  let current = row;
  // A chain that an operator made into a ring ends too.
  for (let hops = 0; current !== null && isWithdrawn(current) && hops < MAX_HOPS; hops++) {
    if (current.replacedById === null) return { row, successor: null };
    current = await client.llmModel.findUnique({ where: { id: current.replacedById } });
  }
  return { row, successor: current === null || current.id === ref ? null : current.id };
}

/** `chooseModel`, when only the reference is wanted. */
export async function resolveModel(scope: ModelScope, choice: string | null, client: Client = db()): Promise<string> {
  return (await chooseModel(scope, choice, client)).ref;
}
