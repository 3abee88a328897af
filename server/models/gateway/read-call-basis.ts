import 'server-only';
import { Prisma } from '@/prisma/generated/client';
import { capabilityDenied, checkCapabilityAccess, qualityNotAllowed } from '@/server/credits/access/plan-access';
import { refusalSentence } from '@/server/credits/access/refusal-sentences';
import {
  type CallHistory,
  historyAtPrice,
  priceInForce,
  type Quote,
  type QuotedCall,
  quoteFrom,
} from '@/server/models/access/quote-call';
import { priceMissing } from '@/server/models/catalogue/price-row';
import { openAccess } from '@/server/models/keys/own-keys';
import type { Price } from '@/server/models/pricing';
import type { ProviderAccess } from '@/server/models/providers/instance-keys';
import { parseModelRef } from '@/server/models/providers/model-ref';
import { capabilityOf, type Role } from '@/server/models/schema';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';

/** What a call stands on before anything is held. */
export interface CallBasis {
  model: { id: string; label: string; maxOutput: number; reasoning: boolean };
  price: Price & { id: string };
  access: ProviderAccess;
  /** Of such calls. */
  quote: Quote;
}

interface Row extends CallHistory {
  label: string;
  maxOutput: number;
  reasoning: boolean;
  priceId: string | null;
  inputPerMillion: bigint | null;
  outputPerMillion: bigint | null;
  cachedPerMillion: bigint | null;
  imageInPerUnit: bigint | null;
  imageOutPerUnit: bigint | null;
  ciphertext: Uint8Array | null;
  inPlan: boolean;
}

/**
 * Roles whose model no plan lists: the instance chooses one embedding model for all, so that vectors can be compared, and the
 * test of an own key runs on the organization's own account and does no work.
 */
const UNLISTED: ReadonlySet<Role> = new Set(['embed', 'key-test']);

/**
 * The model, its price in force, the key, what such calls cost and whether the plan may use the model for this at this quality,
 * by one statement: it stands before every call's first token. Own keys lift no limit of the plan.
 * @throws AppError `capability_denied`, `quality_not_allowed`, `model_not_available`, `model_not_priced`, `invalid_input`
 */
export async function readCallBasis(client: Client, organizationId: string, call: QuotedCall): Promise<CallBasis> {
  const ref = call.modelRef;
  const { provider } = parseModelRef(ref);
  const [row] = await client.$queryRaw<Row[]>`
    SELECT m."label", m."maxOutput", m."reasoning", p."id" AS "priceId", p."inputPerMillion", p."outputPerMillion", p."cachedPerMillion", p."imageInPerUnit",
      p."imageOutPerUnit", k."ciphertext", h.calls, h.nano50, h.nano90,
      EXISTS (SELECT 1 FROM "OrganizationPlan" op JOIN "PlanQualityModel" q ON q."planId" = op."planId"
        WHERE op."organizationId" = ${organizationId} AND q."qualityId" = ${call.quality} AND q."capabilityId" = ${capabilityOf(call.role)}
          AND q."modelRowId" = m."id") AS "inPlan"
    FROM "LlmModel" m
    LEFT JOIN LATERAL (${priceInForce(Prisma.sql`m."id"`)}) p ON true
    LEFT JOIN LATERAL (${historyAtPrice(call)}) h ON true
    LEFT JOIN "ProviderKey" k ON k."organizationId" = ${organizationId} AND k."provider" = m."provider"
    WHERE m."id" = ${ref} AND m."active"`;
  if (row === undefined) throw new AppError('model_not_available', `model ${ref} is not in the catalogue`);
  if (!row.inPlan && !UNLISTED.has(call.role))
    throw await refusalOf(client, organizationId, { ...call, label: row.label });
  const { priceId, inputPerMillion, outputPerMillion, cachedPerMillion } = row;
  if (priceId === null || inputPerMillion === null || outputPerMillion === null || cachedPerMillion === null)
    throw priceMissing(ref);
  const price = {
    id: priceId,
    inputPerMillion,
    outputPerMillion,
    cachedPerMillion,
    imageInPerUnit: row.imageInPerUnit ?? 0n,
    imageOutPerUnit: row.imageOutPerUnit ?? 0n,
  };
  return {
    model: { id: ref, label: row.label, maxOutput: row.maxOutput, reasoning: row.reasoning },
    price,
    quote: quoteFrom(row, call, price),
    access: await openAccess(organizationId, provider, row.ciphertext),
  };
}

/** Why a plan may not use a model: the reason that holds for the widest part of it first. */
async function refusalOf(
  client: Client,
  organizationId: string,
  { role, quality, modelRef, label }: QuotedCall & { label: string },
): Promise<AppError> {
  const capability = capabilityOf(role);
  const { enabled, qualities, plan } = await checkCapabilityAccess(client, { organizationId, capability });
  if (!enabled) return capabilityDenied(capability, plan);
  if (!qualities.includes(quality)) return qualityNotAllowed(quality, plan, qualities);
  return new AppError(
    'quality_not_allowed',
    `the ${plan.id} plan does not include ${modelRef} at ${quality} for ${capability}`,
    {
      userMessage: refusalSentence.model(plan.name, label, quality),
      details: { quality, capability, model: modelRef, planId: plan.id, allowed: qualities },
    },
  );
}
