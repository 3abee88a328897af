import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { resetEnv } from '@/server/platform/env';
import { APP_ERROR_CODES, AppError, type AppErrorCode, isAppError, statusOf } from '@/server/platform/errors';
import { refuseError } from './http/refusal';
import { publicProcedure, router } from './trpc';

const INTERNAL = 'relation "Secret" at /srv/plumbline violates row 17';
const codeSchema = z.object({ code: z.string() });

/** Throws what it is asked for: a domain error by its code, or an error of a library. */
const throwing = router({
  fail: publicProcedure.input(codeSchema).query(({ input }) => {
    throw thrownFor(input.code);
  }),
});

function thrownFor(name: string): Error {
  const code = APP_ERROR_CODES.find((known) => known === name);
  return code === undefined ? new TypeError(INTERNAL) : new AppError(code, INTERNAL);
}

interface Answer {
  status: number;
  code: string | null;
  message: string;
  body: string;
}

const trpcError = z.object({
  error: z.object({ json: z.object({ message: z.string(), data: z.object({ appCode: z.string().nullable() }) }) }),
});

async function overTrpc(path: string, input: unknown): Promise<Answer> {
  const url = `http://plumbline.test/api/trpc/${path}?input=${encodeURIComponent(JSON.stringify({ json: input }))}`;
  const response = await fetchRequestHandler({
    endpoint: '/api/trpc',
    req: new Request(url),
    router: throwing,
    createContext: () => ({ requestId: 'test', caller: null }),
  });
  const body = await response.text();
  const { message, data } = trpcError.parse(JSON.parse(body)).error.json;
  return { status: response.status, code: data.appCode, message, body };
}

const plainError = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

async function overHttp(name: string): Promise<Answer> {
  const response = refuseError(thrownFor(name), 'failed', {});
  const body = await response.text();
  const { code, message } = plainError.parse(JSON.parse(body)).error;
  return { status: response.status, code, message, body };
}

/** Two sentences at least: what happened, and what to do. */
const TELLS_WHAT_TO_DO = /^[A-Z][^.:]+[.:] .*[A-Z][^.]+\.$/;

beforeAll(() => {
  process.env.LOG_LEVEL = 'silent';
  resetEnv();
});

describe('a refusal', () => {
  it.each(APP_ERROR_CODES)('%s has one status on both edges, and a sentence that says what to do', async (code) => {
    for (const answer of [await overTrpc('fail', { code }), await overHttp(code)]) {
      expect(answer).toMatchObject({ status: statusOf(code), code });
      expect(answer.message).toMatch(TELLS_WHAT_TO_DO);
      expect(answer.body).not.toContain('Secret');
    }
  });

  it('without a code hides its text on both edges', async () => {
    const answers = [await overTrpc('fail', { code: 'a library fails' }), await overHttp('a library fails')];
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    for (const { message, body } of answers) {
      expect(message).toMatch(TELLS_WHAT_TO_DO);
      // How far it came is not known: a plan may be another one at Stripe by now.
      expect(message).not.toContain('othing was');
      expect(body).not.toContain('Secret');
    }
  });

  it.each([
    ['fail', { code: 7 }, 400, /^code: /],
    ['nothing.here', {}, 404, TELLS_WHAT_TO_DO],
  ])('of %s %o by tRPC itself has no text for programmers', async (path, input, status, message) => {
    expect(await overTrpc(path, input)).toMatchObject({ status, message: expect.stringMatching(message) });
  });

  it('keeps a better sentence of its own', () => {
    const code: AppErrorCode = 'conflict';
    const error = new AppError(code, INTERNAL, { userMessage: 'The plan was changed. Look at it again.' });
    expect(isAppError(error) && error.userMessage).toBe('The plan was changed. Look at it again.');
  });
});
