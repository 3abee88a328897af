import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { z } from 'zod';
import { type CallContext, callModel, type TextResult } from '@/server/models/gateway/call-model';
import { callStructured } from '@/server/models/gateway/structured';
import type { Database } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { configureProviders, listInPlans, MODELS } from './provider-models';
import { closeTestDb, seedOrganization, testDb } from './test-db';

export const caseSchema = z.object({
  provider: z.enum(MODELS),
  structured: z.boolean().default(false),
  status: z.number().default(200),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  /** Bytes to send; a number is a pause in milliseconds, of which a test waits a fiftieth. */
  events: z.array(z.union([z.string(), z.number()])).default([]),
});
export type Case = z.infer<typeof caseSchema>;
const PAUSE_SCALE = 50;
const schema = z.object({ ready: z.boolean(), n: z.number() });

let database: Database;
let server: Server;
/** What the server does with each request in turn; the last stays. */
let script: Case[] = [];
/** Headers of the requests that came. */
export const heard: IncomingHttpHeaders[] = [];
let requests = 0;
export let owner: { organizationId: string; userId: string };

export interface Outcome {
  text?: string;
  value?: unknown;
  code?: string;
  /** Shown to people. */
  words?: string;
  /** Of the call's row. */
  row: {
    charged: boolean;
    error: string | null;
    usage: Pick<TextResult['usage'], 'input' | 'cached' | 'output' | 'estimated'>;
  };
  requests: number;
}

/** What the server does with the next requests; the last stays. */
export function answerWith(...cases: Case[]): void {
  script = cases;
}

/** What becomes of a call whose provider answers with these cases in turn. */
export async function play(...cases: [Case, ...Case[]]): Promise<Outcome> {
  answerWith(...cases);
  const { provider, structured } = cases[0];
  const ctx: CallContext = {
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
  };
  const request = { model: `${provider}:fake`, system: 'You are tested.', prompt: 'x '.repeat(2000) };
  let said: Omit<Outcome, 'row' | 'requests'>;
  try {
    if (structured) said = { value: (await callStructured(ctx, { ...request, schema })).value };
    else said = { text: (await callModel(ctx, request)).text };
  } catch (error) {
    if (!isAppError(error)) throw error;
    said = { code: error.code, words: error.userMessage };
  }
  const call = await database.prisma.modelCall.findUniqueOrThrow({ where: { idempotencyKey: ctx.idempotencyKey } });
  const balance = await database.prisma.creditBalance.findUniqueOrThrow({
    where: { organizationId: owner.organizationId },
  });
  expect(balance.held).toBe(0n);
  return {
    ...said,
    row: {
      charged: call.chargedMicro > 0n,
      error: call.errorMessage,
      usage: {
        input: call.inputTokens,
        cached: call.cachedTokens,
        output: call.outputTokens,
        estimated: call.usageEstimated,
      },
    },
    requests,
  };
}

/** Starts a server for all providers, and ends it, for the tests of a file. */
export function playProviders(): void {
  beforeAll(async () => {
    database = await testDb();
    server = createServer(async (request, response) => {
      request.resume();
      requests++;
      heard.push(request.headers);
      const next = script.length > 1 ? script.shift() : script[0];
      if (next === undefined) return response.destroy();
      const type = next.body === undefined ? 'text/event-stream' : 'application/json';
      response.writeHead(next.status, { 'content-type': type, ...next.headers });
      if (next.body !== undefined) return response.end(next.body);
      for (const event of next.events) {
        if (typeof event === 'number') await delay(event / PAUSE_SCALE);
        else if (!response.destroyed) await new Promise((sent) => response.write(event, sent));
      }
      response.end();
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    configureProviders(`http://127.0.0.1:${address.port}`, {
      MODEL_MAX_RETRIES: '1',
      MODEL_FIRST_CHUNK_MS: '20000',
      MODEL_CHUNK_MS: '1000',
      MODEL_TIMEOUT_MS: '60000',
    });
    for (const model of MODELS) await listInPlans(database, model);
  });
  afterAll(async () => {
    configureProviders(null);
    await closeTestDb();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  beforeEach(async () => {
    requests = 0;
    owner = await seedOrganization(database, { planId: 'pro', bonusMicro: 500_000_000n });
  });
}
