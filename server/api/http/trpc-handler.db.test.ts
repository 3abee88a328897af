import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { grant } from '@/server/credits/ledger/ledger';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { createProject } from '@/server/projects/create-project';
import { type FakeModel, startFakeModel } from '@/test/fake-model/server';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { handleTrpc } from './trpc-handler';

let database: Database;
let owner: { organizationId: string; userId: string };
let projectId: string;
let session: string;

beforeAll(async () => {
  database = await testDb();
  await startQueue();
});
afterAll(async () => {
  await stopQueue();
  await closeTestDb();
});
beforeEach(async () => {
  owner = await seedOrganization(database, { monthlyMicro: 0n });
  session = newId();
  await database.prisma.session.create({
    data: { id: newId(), sessionToken: session, userId: owner.userId, expires: new Date(Date.now() + 60_000) },
  });
  projectId = await createProject({ ...owner, example: 'habit-tracker' });
  // A project that answers questions: its design is over.
  await database.prisma.project.update({ where: { id: projectId }, data: { status: 'awaiting_approval' } });
});

interface Refusal {
  appCode: string;
  details: Record<string, unknown>;
}

async function call(path: string, input: unknown, headers: Record<string, string> = {}) {
  const response = await handleTrpc(
    new Request(`http://localhost/api/trpc/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        cookie: `next-auth.session-token=${session}`,
        host: 'localhost',
        ...headers,
      },
      body: JSON.stringify({ json: input }),
    }),
  );
  const body = (await response.json()) as { error?: { json: { data: Refusal } } };
  return { status: response.status, headers: response.headers, error: body.error?.json.data ?? null };
}
const ask = () => call('chat.send', { projectId, text: 'What does it do?' });

describe('what may not run is refused on the wire', () => {
  it('402 without credits, with what is missing and how to unlock it', async () => {
    const { status, error } = await ask();
    expect(status).toBe(402);
    expect(error).toMatchObject({ appCode: 'insufficient_credits', details: { available: '0' } });
    expect(BigInt(String(error?.details.missing))).toBeGreaterThan(0n);
    expect(error?.details.unlocks).toContainEqual({ kind: 'topup', priceUsdCents: 999 });
    expect(await database.prisma.message.count({ where: { projectId, purpose: 'ask' } })).toBe(0);
  });

  it('403 for a quality the plan does not include', async () => {
    const { status, error } = await call('projects.setModel', { projectId, modelRef: null, quality: 'premium' });
    expect(status).toBe(403);
    expect(error).toMatchObject({ appCode: 'quality_not_allowed', details: { allowed: ['fast'] } });
  });

  it('429 with Retry-After when the plan’s requests are used up', async () => {
    // This minute and the next, so that the turn of a minute does not let the request through.
    for (const at of [Date.now(), Date.now() + 60_000]) {
      const window = `minute:${new Date(at).toISOString().slice(0, 16)}`;
      await database.prisma.rateCounter.create({
        data: { organizationId: owner.organizationId, capability: 'ask', window, count: 30 },
      });
    }
    const { status, error, headers } = await ask();
    expect(status).toBe(429);
    expect(error).toMatchObject({ appCode: 'rate_limited' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('409 for what somebody else changed in between', async () => {
    await database.prisma.project.update({ where: { id: projectId }, data: { planVersion: 7 } });
    expect((await call('plan.approve', { projectId, version: 6 })).status).toBe(409);
  });

  it('400, naming the field, for text that cannot be stored, and for input of the wrong shape', async () => {
    for (const text of ['a\u0000b', 'a\ud800b']) {
      const { status, error } = await call('projects.create', { title: 'x', description: text });
      expect(status).toBe(400);
      expect(error).toMatchObject({ appCode: 'invalid_input', details: { field: 'description' } });
    }
    expect((await call('projects.archive', { projectId: '\u0000' })).status).toBe(400);
    expect((await call('projects.rename', { projectId, title: '' })).status).toBe(400);
  });

  it('401 without a session, 403 from another site', async () => {
    expect((await call('chat.send', { projectId, text: 'x' }, { cookie: '' })).status).toBe(401);
    const other = new Request('http://localhost/api/trpc/chat.send', {
      method: 'POST',
      headers: { origin: 'https://evil.example', host: 'localhost' },
      body: '{}',
    });
    expect((await handleTrpc(other)).status).toBe(403);
  });
});

describe('the credits of a model call within the request', () => {
  let fake: FakeModel;
  beforeAll(async () => {
    const vector = [1, ...Array.from({ length: 1535 }, () => 0)];
    fake = await startFakeModel(
      () => ({ text: '' }),
      ({ texts }) => ({ vectors: texts.map(() => vector), tokens: 1000 }),
    );
    Object.assign(process.env, {
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: `${fake.url}/v1`,
      EMBEDDER: 'openai:text-embedding-3-small',
    });
    resetEnv();
  });
  afterAll(async () => {
    for (const name of ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'EMBEDDER']) delete process.env[name];
    resetEnv();
    await fake.close();
  });

  it('stand in its headers, exactly, with what is left', async () => {
    const { organizationId } = owner;
    await grant(database.prisma, {
      organizationId,
      kind: 'promo_bonus',
      amount: 1_000_000n,
      bucket: 'bonus',
      idempotencyKey: newId(),
    });
    const input = encodeURIComponent(JSON.stringify({ json: { projectId, query: 'where is money counted' } }));
    const search = () =>
      handleTrpc(
        new Request(`http://localhost/api/trpc/search.code?input=${input}`, {
          headers: { cookie: `next-auth.session-token=${session}`, host: 'localhost' },
        }),
      );
    // Nothing to compare the question with: nobody pays for it.
    expect((await search()).headers.get('x-credits-used')).toBeNull();
    expect(fake.embedRequests).toHaveLength(0);
    const vector = `[${[1, ...Array.from({ length: 1535 }, () => 0)].join(',')}]`;
    await database.prisma.$executeRaw`
      INSERT INTO "CodeChunk" ("id", "organizationId", "projectId", "path", "blobSha", "kind", "startLine", "endLine", "content", "lexical", "embedding", "embedderId")
      VALUES (${newId()}, ${organizationId}, ${projectId}, 'money.js', 'sha', 'file', 1, 1, 'count()', 'count', ${vector}::vector, 'openai:text-embedding-3-small')`;
    const response = await search();
    expect(response.status).toBe(200);
    expect(fake.embedRequests).toHaveLength(1);
    // 1,000 tokens at 0.02 dollars a million: 20,000 nano-dollars x 1.5 / 0.10 = 300 micro-credits.
    expect(response.headers.get('x-credits-used')).toBe('0.0003');
    expect(response.headers.get('x-balance-remaining')).toBe('0.9997');
    expect((await database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } })).bonus).toBe(999_700n);
  });

  it('are not said where there was none', async () => {
    expect((await call('projects.rename', { projectId, title: 'Other' })).headers.get('x-credits-used')).toBeNull();
  });
});
