import 'server-only';
import { now } from '@/server/platform/clock';
import type { Client } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { openAccess } from './own-keys';
import { priceMissing } from './price-row';
import type { Price } from './pricing';
import { type ProviderAccess, parseModelRef } from './providers/create-model';

/** What a call stands on before anything is held. */
export interface CallBasis {
  model: { id: string; label: string; maxOutput: number };
  price: Price & { id: string };
  access: ProviderAccess;
}

interface Row {
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
 * The model, its price in force and the key, by one statement: it stands before every call's first token.
 * @throws AppError `model_not_available`, `model_not_priced`, `invalid_input`
 */
export async function readCallBasis(client: Client, organizationId: string, ref: string): Promise<CallBasis> {
  const { provider } = parseModelRef(ref);
  const [row] = await client.$queryRaw<Row[]>`
    SELECT m."label", m."maxOutput", p."id" AS "priceId", p."inputPerMillion", p."outputPerMillion", p."cachedPerMillion", p."imageInPerUnit",
      p."imageOutPerUnit", k."ciphertext"
    FROM "LlmModel" m
    LEFT JOIN LATERAL (SELECT * FROM "ModelPrice" x WHERE x."modelRowId" = m."id" AND x."effectiveFrom" <= ${now()}::timestamptz
      ORDER BY x."effectiveFrom" DESC LIMIT 1) p ON true
    LEFT JOIN "ProviderKey" k ON k."organizationId" = ${organizationId} AND k."provider" = m."provider"
    WHERE m."id" = ${ref} AND m."active"`;
  if (row === undefined) throw new AppError('model_not_available', `model ${ref} is not in the catalogue`);
  const { priceId, inputPerMillion, outputPerMillion, cachedPerMillion } = row;
  if (priceId === null || inputPerMillion === null || outputPerMillion === null || cachedPerMillion === null)
    throw priceMissing(ref);
  return {
    model: { id: ref, label: row.label, maxOutput: row.maxOutput },
    price: {
      id: priceId,
      inputPerMillion,
      outputPerMillion,
      cachedPerMillion,
      imageInPerUnit: row.imageInPerUnit ?? 0n,
      imageOutPerUnit: row.imageOutPerUnit ?? 0n,
    },
    access: openAccess(organizationId, provider, row.ciphertext),
  };
}
