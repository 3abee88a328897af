import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ModelPrice, Prisma } from '@/prisma/generated/client';
import { priceInForce, quoteCall } from '@/server/models/access/quote-call';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, testDb } from '@/test/test-db';

const DAY = 86_400_000;
let database: Database;

beforeAll(async () => {
  database = await testDb();
});
afterAll(closeTestDb);
afterEach(() => setClockOffset(0));

/** A model with a price from each of these moments, in days from now; the price tells which. */
async function modelPricedFrom(...days: number[]): Promise<string> {
  const id = `compatible:${newId()}`;
  await database.prisma.llmModel.create({ data: { id, provider: 'compatible', modelId: id, label: id } });
  for (const day of days) {
    await database.prisma.modelPrice.create({
      data: {
        id: newId(),
        modelRowId: id,
        inputPerMillion: BigInt(1000 + day),
        outputPerMillion: 0n,
        cachedPerMillion: 0n,
        effectiveFrom: new Date(Date.now() + day * DAY),
      },
    });
  }
  return id;
}

/** As every statement reads it that quotes or opens a call. */
async function priceOf(model: string): Promise<ModelPrice | undefined> {
  const [row] = await database.prisma.$queryRaw<ModelPrice[]>(priceInForce(Prisma.sql`${model}`));
  return row;
}

const quoteOf = (modelRef: string) => quoteCall(database.prisma, { role: 'ask', quality: 'fast', modelRef });

describe('the price of a model', () => {
  it('is the newest that is in force, and the next one takes over at its time', async () => {
    const model = await modelPricedFrom(-30, 7, -1);
    expect(await priceOf(model)).toMatchObject({ inputPerMillion: 999n });
    setClockOffset(8 * DAY);
    expect(await priceOf(model)).toMatchObject({ inputPerMillion: 1007n });
  });

  it.each([
    ['no row', []],
    ['only a row of the future', [1]],
  ])('with %s is a typed refusal, never nothing', async (_, days) => {
    const model = await modelPricedFrom(...days);
    await expect(quoteOf(model)).rejects.toMatchObject({
      code: 'model_not_priced',
      userMessage: expect.stringContaining('no price'),
    });
  });

  it('of a model nobody knows is the same refusal', async () => {
    await expect(quoteOf('openai:gpt-unheard-of')).rejects.toMatchObject({
      code: 'model_not_priced',
    });
  });
});
