import { createServer, type Server } from 'node:http';
import { text as read } from 'node:stream/consumers';
import { generateText, isStepCount, streamText, tool } from 'ai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { auditLedger } from '@/server/credits/ledger/audit';
import { tariff } from '@/server/models/access/quote-call';
import { costOf, creditsFor } from '@/server/models/pricing';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { configureProviders, listInPlans, PRICE } from '@/test/provider-models';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import type { CallContext } from './call-grant';
import { meteredModel } from './metered-model';

const chunk = (choice: unknown, usage?: unknown) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: choice === null ? [] : [choice], ...(usage === undefined ? {} : { usage }) })}\n\n`;
const USED = { prompt_tokens: 1000, completion_tokens: 50, total_tokens: 1050 };
/** What one answer of this use costs, micro-credits. */
const ONE = creditsFor(costOf({ input: 1000, cached: 0, output: 50 }, PRICE), tariff());

const SAYS = (...words: string[]) => [
  ...words.map((content) => chunk({ index: 0, delta: { content } })),
  chunk({ index: 0, delta: {}, finish_reason: 'stop' }),
  chunk(null, USED),
  'data: [DONE]\n\n',
];
const CALLS_TOOL = [
  chunk({
    index: 0,
    delta: {
      role: 'assistant',
      content: null,
      tool_calls: [{ index: 0, id: 'call-1', type: 'function', function: { name: 'double', arguments: '' } }],
    },
  }),
  chunk({ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"n":' } }] } }),
  chunk({ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '21}' } }] } }),
  chunk({ index: 0, delta: {}, finish_reason: 'tool_calls' }),
  chunk(null, USED),
  'data: [DONE]\n\n',
];
const CUT = [
  chunk({ index: 0, delta: { content: 'Half an' } }),
  chunk({ index: 0, delta: {}, finish_reason: 'length' }),
];

let database: Database;
let server: Server;
/** The answers of the server, in order, and the bodies it was sent. */
let script: string[][] = [];
let asked: { messages: { role: string; content: unknown }[] }[] = [];
let owner: { organizationId: string; userId: string };

beforeAll(async () => {
  database = await testDb();
  server = createServer(async (request, response) => {
    asked.push(JSON.parse(await read(request)));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end((script.shift() ?? []).join(''));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  configureProviders(`http://127.0.0.1:${address.port}`, { MODEL_MAX_RETRIES: '0' });
  await listInPlans(database, 'compatible');
});
afterAll(async () => {
  configureProviders(null);
  await closeTestDb();
  await new Promise((closed) => server.close(closed));
});
beforeEach(async () => {
  asked = [];
  owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
});
afterEach(async () => expect(await auditLedger(database.prisma)).toEqual([]));

const context = (): CallContext => ({
  ...owner,
  projectId: null,
  runId: null,
  taskId: null,
  stepId: null,
  role: 'clarify',
  quality: 'fast',
  promptVersion: 'test-1',
  idempotencyKey: newId(),
  hint: {},
});

async function callsOf({ idempotencyKey }: CallContext) {
  const calls = await database.prisma.modelCall.findMany({
    where: { idempotencyKey: { startsWith: idempotencyKey } },
    orderBy: { createdAt: 'asc' },
    select: { idempotencyKey: true, status: true, chargedMicro: true, errorCode: true, finishReason: true },
  });
  return calls.map((call) => ({ ...call, idempotencyKey: call.idempotencyKey.slice(idempotencyKey.length) }));
}

async function spent(): Promise<bigint> {
  const { monthly, bonus, held } = await database.prisma.creditBalance.findUniqueOrThrow({
    where: { organizationId: owner.organizationId },
  });
  expect(held).toBe(0n);
  return before - monthly - bonus;
}
let before = 0n;
beforeEach(async () => {
  const { monthly, bonus } = await database.prisma.creditBalance.findUniqueOrThrow({
    where: { organizationId: owner.organizationId },
  });
  before = monthly + bonus;
});

const double = tool({ inputSchema: z.object({ n: z.number() }), execute: async ({ n }) => n * 2 });
const PAID = { status: 'succeeded', chargedMicro: ONE, errorCode: null };

describe('a metered model', () => {
  it('answers generateText whole, and charges it as a stream', async () => {
    script = [SAYS('<think>Which', ' one?</think>', 'Forty-', 'two.')];
    const ctx = context();
    const { model, result } = meteredModel(ctx, { model: 'compatible:fake' });
    const answer = await generateText({ model, prompt: 'Which number?', maxRetries: 0 });
    expect(answer.text.trim()).toBe('Forty-two.');
    expect(answer.reasoningText).toBe('Which one?');
    expect(answer.usage).toMatchObject({ inputTokens: 1000, outputTokens: 50 });
    expect(await callsOf(ctx)).toEqual([{ ...PAID, idempotencyKey: '', finishReason: 'stop' }]);
    expect((await result()).chargedMicro).toBe(ONE);
    expect(await spent()).toBe(ONE);
  });

  it.each(['generateText', 'streamText'] as const)('meters each step of %s over a tool', async (way) => {
    script = [CALLS_TOOL, SAYS('It is 42.')];
    const ctx = context();
    const { model } = meteredModel(ctx, { model: 'compatible:fake' });
    const request = { model, prompt: 'Double 21.', tools: { double }, stopWhen: isStepCount(3), maxRetries: 0 };
    const steps = way === 'generateText' ? (await generateText(request)).steps : await streamText(request).steps;
    expect(steps).toHaveLength(2);
    expect(steps[0]?.toolResults).toMatchObject([{ toolName: 'double', input: { n: 21 }, output: 42 }]);
    expect(steps[1]?.text).toBe('It is 42.');
    expect(asked[1]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    expect(await callsOf(ctx)).toEqual([
      { ...PAID, idempotencyKey: '', finishReason: 'tool-calls' },
      { ...PAID, idempotencyKey: ':step-2', finishReason: 'stop' },
    ]);
    expect(await spent()).toBe(2n * ONE);
  });

  it.each(['generateText', 'streamText'] as const)(
    'charges the steps before the one that %s broke off at',
    async (way) => {
      script = [CALLS_TOOL, CUT];
      const ctx = context();
      const { model, result } = meteredModel(ctx, { model: 'compatible:fake' });
      const request = { model, prompt: 'Double 21.', tools: { double }, stopWhen: isStepCount(3), maxRetries: 0 };
      if (way === 'generateText') await expect(generateText(request)).rejects.toMatchObject({ code: 'answer_cut_off' });
      else await streamText({ ...request, onError: () => undefined }).consumeStream();
      await expect(result()).rejects.toMatchObject({ code: 'answer_cut_off' });
      expect(await callsOf(ctx)).toMatchObject([
        PAID,
        { status: 'failed', chargedMicro: 0n, errorCode: 'answer_cut_off' },
      ]);
      expect(await spent()).toBe(ONE);
    },
  );
});
