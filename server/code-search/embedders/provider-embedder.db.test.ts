import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { embedTexts } from '@/server/models/gateway/embed';
import { type Database, inTx } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { createSnapshot } from '@/server/workspace/snapshots';
import { type FakeModel, type FakeVectors, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { indexSnapshot } from '../index-snapshot';
import { searchCode } from '../search-code';
import { type EmbedCallFor, selectEmbedder } from '../select-embedder';
import { splitIdentifier } from '../split-identifiers';

const EMBEDDERS = ['openai:vectors', 'google:vectors', 'compatible:vectors'] as const;
const FILES = {
  'ledger.ts': 'export function reserveCredits() {\n  return holdAmount();\n}\n',
  'zip.ts': 'export function streamArchive() {\n  return compressFiles();\n}\n',
};

let database: Database;
let fake: FakeModel;
let organizationId: string;
let userId: string;
let projectId: string;
let snapshotId: string;
/** What the provider serves at this moment. */
let serving: { dims: number; fault?: NonNullable<FakeVectors['fault']> };

/** Counts words by the sum of their letters: texts that share words are close. */
function countWords(text: string, dims: number): number[] {
  const vector = Array.from({ length: dims }, () => 0);
  for (const word of splitIdentifier(text)
    .toLowerCase()
    .match(/[a-z]+/g) ?? []) {
    const at = [...word].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % dims;
    vector[at] = (vector[at] ?? 0) + 1;
  }
  return vector;
}

beforeAll(async () => {
  database = await testDb();
  fake = await startFakeModel(
    () => ({ text: '' }),
    ({ texts }) => ({
      vectors: texts.map((text) => countWords(text, serving.dims)),
      ...(serving.fault === undefined ? {} : { fault: serving.fault }),
    }),
  );
  Object.assign(process.env, {
    OPENAI_API_KEY: 'sk-test',
    GOOGLE_API_KEY: 'test',
    OPENAI_COMPATIBLE_MODELS: 'vectors',
    MODEL_MAX_RETRIES: '1',
    OPENAI_BASE_URL: `${fake.url}/v1`,
    GOOGLE_BASE_URL: `${fake.url}/google`,
    OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
  });
  for (const id of EMBEDDERS) {
    const [provider = '', modelId = ''] = id.split(':');
    await database.prisma.llmModel.create({ data: { id, provider, modelId, label: id, kind: 'embedding' } });
    await database.prisma.modelPrice.create({
      data: {
        id: newId(),
        modelRowId: id,
        inputPerMillion: 20_000_000n,
        outputPerMillion: 0n,
        cachedPerMillion: 0n,
        effectiveFrom: new Date(0),
      },
    });
  }
});
afterAll(async () => {
  await closeTestDb();
  await fake.close();
});
beforeEach(async () => {
  serving = { dims: 64 };
  fake.embedRequests.length = 0;
  const owner = await seedOrganization(database, { planId: 'pro' });
  ({ organizationId, userId } = owner);
  projectId = newId();
  await database.prisma.project.create({
    data: { id: projectId, organizationId, createdById: owner.userId, title: 'Test', description: 'Test' },
  });
  ({ snapshotId } = await inTx((tx) =>
    createSnapshot(tx, {
      organizationId,
      projectId,
      parentId: null,
      changes: new Map(Object.entries(FILES)),
      label: 'test',
    }),
  ));
});

const embedCallFor: EmbedCallFor = (ref) => (texts, signal) =>
  embedTexts({ organizationId, projectId, userId: null }, ref, texts, signal);

function configure(embedder: string): void {
  process.env.EMBEDDER = embedder;
  resetEnv();
}

const index = () => indexSnapshot({ organizationId, projectId, snapshotId, embedCallFor });
const search = (query: string) => searchCode({ organizationId, projectId, query, limit: 5, embedCallFor });

async function embedders(): Promise<(string | null)[]> {
  const rows = await database.prisma.codeChunk.findMany({ where: { projectId }, orderBy: { path: 'asc' } });
  return rows.map(({ embedderId }) => embedderId);
}

describe.each(EMBEDDERS)('code search with %s', (embedder) => {
  it('finds by meaning, and every call is paid and on record', async () => {
    configure(embedder);
    expect(await index()).toMatchObject({ embedded: 2, chunkCount: 2, note: null });
    const answer = await search('credits reserve');
    expect(answer).toMatchObject({ mode: 'hybrid', note: null });
    expect(answer.hits[0]).toMatchObject({ path: 'ledger.ts', why: ['vector', 'lexical'] });
    expect(fake.embedRequests.map(({ texts }) => texts.length)).toEqual([2, 1]);
    const calls = await database.prisma.modelCall.findMany({ where: { organizationId } });
    expect(calls.map(({ status, modelRowId }) => [status, modelRowId])).toEqual([
      ['succeeded', embedder],
      ['succeeded', embedder],
    ]);
    expect(calls.every(({ chargedMicro }) => chargedMicro > 0n)).toBe(true);
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('asks nothing while there are no vectors, and then for the person who asks, within their budget', async () => {
    configure(embedder);
    const ask = (userId: string) =>
      searchCode({
        organizationId,
        projectId,
        query: 'reserve credits',
        limit: 5,
        embedCallFor: (ref) => (texts, signal) => embedTexts({ organizationId, projectId, userId }, ref, texts, signal),
      });
    expect(await ask(userId)).toMatchObject({ mode: 'lexical', note: expect.stringContaining('no vectors') });
    expect(fake.embedRequests).toEqual([]);
    await index();
    fake.embedRequests.length = 0;
    expect(await ask('no-member')).toMatchObject({ mode: 'lexical', hits: [{ path: 'ledger.ts' }] });
    expect(fake.embedRequests).toEqual([]);
    expect(await ask(userId)).toMatchObject({ mode: 'hybrid' });
    const last = await database.prisma.creditEntry.findFirst({ where: { organizationId }, orderBy: { seq: 'desc' } });
    expect(last).toMatchObject({ kind: 'usage', userId });
  });

  it('goes on by words while the provider is down, says so, and embeds when it is back', async () => {
    configure(embedder);
    serving.fault = { kind: 'status', status: 429, retryAfter: '0' };
    expect(await index()).toMatchObject({
      status: 'indexed',
      embedded: 0,
      note: expect.stringContaining('could not be embedded (the embedding call failed (HTTP 429))'),
    });
    expect(await search('reserve credits')).toMatchObject({ mode: 'lexical', hits: [{ path: 'ledger.ts' }] });
    delete serving.fault;
    expect(await index()).toMatchObject({ embedded: 2, note: null });
    expect(await search('reserve credits')).toMatchObject({ mode: 'hybrid', note: null });
    expect(await auditLedger(database.prisma)).toEqual([]);
  });

  it('refuses a model that changes its vectors between two calls of one run', async () => {
    configure(embedder);
    const { embedder: open } = await selectEmbedder(embedCallFor);
    if (open === null) throw new Error('no embedder');
    expect(await open.embedDocuments(['one'])).toHaveLength(1);
    serving.dims = 32;
    await expect(open.embedDocuments(['two'])).rejects.toThrow('not 64 finite numbers');
  });

  it('does not compare with vectors of another length that came under the same name', async () => {
    configure(embedder);
    await index();
    serving.dims = 32;
    expect(await search('reserve credits')).toMatchObject({
      mode: 'lexical',
      note: expect.stringContaining('no vectors'),
      hits: [{ path: 'ledger.ts', why: ['lexical'] }],
    });
  });
});

it('another embedder re-indexes: nothing of the old one is left, and the new one is asked', async () => {
  for (const [round, embedder] of EMBEDDERS.entries()) {
    serving.dims = 64 + round;
    configure(embedder);
    // Until it is re-indexed, words alone.
    if (round > 0) expect(await search('reserve credits')).toMatchObject({ mode: 'lexical' });
    fake.embedRequests.length = 0;
    expect(await index()).toMatchObject({ filesIndexed: 2, embedded: 2, chunkCount: 2 });
    expect(await embedders()).toEqual([embedder, embedder]);
    expect(fake.embedRequests[0]?.protocol).toBe(embedder.startsWith('google') ? 'google' : 'openai');
    expect(await search('reserve credits')).toMatchObject({ mode: 'hybrid' });
    // The same again asks nobody.
    fake.embedRequests.length = 0;
    expect(await index()).toMatchObject({ filesIndexed: 0, embedded: 0 });
    expect(fake.embedRequests).toEqual([]);
  }
});
