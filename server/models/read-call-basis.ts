import 'server-only';
import { Prisma } from '@/prisma/generated/client';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { openAccess } from './own-keys';
import { priceMissing } from './price-row';
import type { Price } from './pricing';
import { type ProviderAccess, parseModelRef } from './providers/create-model';
import { type CallHistory, historyAtPrice, priceInForce, type Quote, type QuotedCall, quoteFrom } from './quote';

/** What a call stands on before anything is held. */
export interface CallBasis {
  model: { id: string; label: string; maxOutput: number };
  price: Price & { id: string };
  access: ProviderAccess;
  /** Of such calls. */
  quote: Quote;
}

interface Row extends CallHistory {
  label: string;
  maxOutput: number;
  priceId: string | null;
  inputPerMillion: bigint | null;
  outputPerMillion: bigint | null;
  cachedPerMillion: bigint | null;
  imageInPerUnit: bigint | null;
  imageOutPerUnit: bigint | null;
  ciphertext: Uint8Array | null;
}

/**
 * The model, its price in force, the key and what such calls cost, by one statement: it stands before every call's first token.
 * @throws AppError `model_not_available`, `model_not_priced`, `invalid_input`
 */
export async function readCallBasis(client: Client, organizationId: string, call: QuotedCall): Promise<CallBasis> {
  const ref = call.modelRef;
  const { provider } = parseModelRef(ref);
  const [row] = await client.$queryRaw<Row[]>`
    SELECT m."label", m."maxOutput", p."id" AS "priceId", p."inputPerMillion", p."outputPerMillion", p."cachedPerMillion", p."imageInPerUnit",
      p."imageOutPerUnit", k."ciphertext", h.calls, h.nano50, h.nano90
    FROM "LlmModel" m
    LEFT JOIN LATERAL (${priceInForce(Prisma.sql`m."id"`)}) p ON true
    LEFT JOIN LATERAL (${historyAtPrice(call)}) h ON true
    LEFT JOIN "ProviderKey" k ON k."organizationId" = ${organizationId} AND k."provider" = m."provider"
    WHERE m."id" = ${ref} AND m."active"`;
  if (row === undefined) throw new AppError('model_not_available', `model ${ref} is not in the catalogue`);
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
    model: { id: ref, label: row.label, maxOutput: row.maxOutput },
    price,
    quote: quoteFrom(row, call, price),
    access: openAccess(organizationId, provider, row.ciphertext),
  };
}
