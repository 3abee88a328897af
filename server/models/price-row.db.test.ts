import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, testDb } from '@/server/platform/test-db';
import { activePrice } from './price-row';

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

describe('the price of a model', () => {
  it('is the newest that is in force, and the next one takes over at its time', async () => {
    const model = await modelPricedFrom(-30, 7, -1);
    expect(await activePrice(database.prisma, model)).toMatchObject({ inputPerMillion: 999n });
    setClockOffset(8 * DAY);
    expect(await activePrice(database.prisma, model)).toMatchObject({ inputPerMillion: 1007n });
  });

  it.each([
    ['no row', []],
    ['only a row of the future', [1]],
  ])('with %s is a typed refusal, never nothing', async (_, days) => {
    const model = await modelPricedFrom(...days);
    await expect(activePrice(database.prisma, model)).rejects.toMatchObject({
      code: 'model_not_priced',
      userMessage: expect.stringContaining('no price'),
    });
  });

  it('of a model nobody knows is the same refusal', async () => {
    await expect(activePrice(database.prisma, 'openai:gpt-unheard-of')).rejects.toMatchObject({
      code: 'model_not_priced',
    });
  });
});
