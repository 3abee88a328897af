import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Case, caseSchema, play, playProviders } from '@/test/play-provider';

/** What servers really sent, each with the outcome that is right: `test/provider-cases/README.md`. */
const FOLDER = join(process.cwd(), 'test/provider-cases');
playProviders();

function read(name: string): Case {
  return caseSchema.parse(JSON.parse(readFileSync(join(FOLDER, name, 'server.json'), 'utf8')));
}

const FILE = 'src/a.js\n```js\nexport const a = 1;\n```\n';
const failed = (code: string, requestCount = 1) => ({ code, row: { charged: false }, requests: requestCount });
const usage = (input: number, cached: number, output: number) => ({
  row: { charged: true, usage: { input, cached, output, estimated: false } },
});
const whole = { text: FILE, row: { charged: true } };
const json = { value: { ready: true, n: 3 }, requests: 1 };
const WORDS = { row: { charged: false, error: expect.stringMatching(/Worker (local total request )?limit reached/) } };

/** By case; the words of `right.txt` as figures. */
const RIGHT: Record<string, object> = {
  'P00-plain': { ...whole, ...usage(1000, 0, 50) },
  'P01-eof-no-finish': failed('model_call_failed'),
  'P01c-eof-no-finish-google': failed('model_call_failed'),
  'P01d-eof-no-finish-openai': failed('model_call_failed'),
  'P01e-empty-200': failed('model_call_failed'),
  'P01f-structured-empty-200': failed('model_call_failed'),
  'P02-midstream-error-choices-empty': { ...failed('model_call_failed'), ...WORDS },
  'P02b-midstream-error-compatible': { ...failed('model_call_failed'), ...WORDS },
  'P03-gemini-prompt-block': failed('answer_refused'),
  'P03b-gemini-prompt-block-structured': failed('answer_refused'),
  'P03d-gemini-malformed-fn': failed('model_call_failed'),
  'P04-reasoning-eats-budget': { ...failed('answer_cut_off'), words: expect.stringContaining('thinking') },
  'P04b-reasoning-eats-budget-structured': { ...failed('answer_cut_off'), words: expect.stringContaining('thinking') },
  'P05-finish-empty-string': whole,
  'P05b-finish-null-then-done': whole,
  'P06-think-json': json,
  'P06c-json-then-text-with-brace': json,
  'P06d-json-fence-crlf': json,
  'P06f-json-array-wrapped': json,
  'P06g-json-in-reasoning': { code: 'model_call_failed', words: expect.stringContaining('no answer') },
  'P07-json-not-stream': failed('model_call_failed'),
  'P07b-html-200': failed('model_call_failed'),
  'P08-deepseek-cache': { text: 'ok', ...usage(1000, 800, 50) },
  'P10-cached-subset': { text: 'ok', ...usage(17_903, 17_817, 20) },
  'P11-usage-zero-each-chunk': { text: 'Hello', row: { charged: true, usage: { estimated: true } } },
  'P11b-usage-cumulative-each-chunk': { text: 'Hello', ...usage(10, 0, 2) },
  'P12-tool-calls-unasked': failed('model_call_failed'),
  'P13-keepalive-comments-crlf': whole,
  'P14-content-filter': failed('answer_refused'),
  'P16-gemini-thoughts': { text: 'ok', ...usage(100, 40, 510) },
  'S01-openai-hidden-reasoning-75s': { row: { charged: true } },
};

/** Cases that name a body instead of holding it. */
const BODIES: Record<string, { status: number; body: object; right: object }> = {
  'P17-gemini-429-retryinfo': {
    status: 429,
    body: {
      error: {
        code: 429,
        message: 'You exceeded your current quota, please check your plan and billing details.',
        status: 'RESOURCE_EXHAUSTED',
        details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '80s' }],
      },
    },
    right: failed('rate_limited'),
  },
  'P17c-429-quota-exhausted': {
    status: 429,
    body: {
      error: { message: 'You exceeded your current quota.', type: 'insufficient_quota', code: 'insufficient_quota' },
    },
    right: failed('provider_quota_used_up'),
  },
  'P18-context-too-long': {
    status: 400,
    body: {
      error: { message: 'This model’s maximum context length is 8192 tokens.', code: 'context_length_exceeded' },
    },
    right: { ...failed('context_too_long'), words: expect.stringContaining('more text than the model reads') },
  },
};

describe('what servers really sent', () => {
  const names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );

  it('has an outcome for every case', () => {
    expect(names.filter((name) => RIGHT[name] === undefined && BODIES[name] === undefined)).toEqual([]);
    expect(names.length).toBeGreaterThan(30);
  });

  it.each(Object.keys(RIGHT))('%s', async (name) => {
    expect(await play(read(name))).toMatchObject(RIGHT[name] ?? {});
  });

  it.each(Object.keys(BODIES))('%s', async (name) => {
    const { status, body, right } = BODIES[name] ?? { status: 200, body: {}, right: {} };
    expect(await play({ ...read(name), status, body: JSON.stringify(body) })).toMatchObject(right);
  });
});

const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const stream = (provider: Case['provider'], ...events: Case['events']) =>
  caseSchema.parse({ provider, events: [...events, chunk({}, 'stop'), DONE] });
const refusal = (status: number, error: object, more: Partial<Case> = {}): Case =>
  caseSchema.parse({ provider: 'compatible', status, body: JSON.stringify({ error }), ...more });

describe('the same kinds, by our own cases', () => {
  const good = stream('compatible', chunk({ content: 'Fine.' }));

  it.each([
    ['retry-after-ms', refusal(429, { message: 'slow' }, { headers: { 'retry-after-ms': '30' } })],
    ['retry-after', refusal(503, { message: 'down' }, { headers: { 'retry-after': '0' } })],
    ['words of the body', refusal(429, { message: 'Limit reached. Please try again in 20ms.' })],
    [
      'a list around the body',
      refusal(429, {}, { body: '[{"error":{"code":429,"message":"x","details":[{"retryDelay":"0.02s"}]}}]' }),
    ],
  ])('a wait said by %s is waited', async (_name, first) => {
    expect(await play(first, good)).toMatchObject({ text: 'Fine.', requests: 2 });
  });

  it.each([
    ['key', refusal(401, { message: 'Incorrect API key provided' }), 'provider_key_refused'],
    ['credit', refusal(402, { message: 'Insufficient credits' }), 'provider_quota_used_up'],
    ['model', refusal(404, { message: 'The model `fake` does not exist', code: 'model_not_found' }), 'model_unknown'],
    ['window', refusal(413, { message: 'prompt is too long: 210000 tokens > 200000 maximum' }), 'context_too_long'],
    ['input', refusal(403, { message: 'flagged', metadata: { reasons: ['violence'] } }), 'answer_refused'],
  ])('a refused %s has a code of its own and is not asked again', async (_name, answer, code) => {
    expect(await play(answer)).toMatchObject(failed(code));
  });

  it('comments keep a silent server alive; silence without any does not', async () => {
    const ping = [': still here\n\n', 25_000];
    const patient = Array.from({ length: 4 }, () => ping).flat();
    expect(
      await play(stream('compatible', chunk({ content: 'Fi' }), ...patient, chunk({ content: 'ne.' }))),
    ).toMatchObject({
      text: 'Fine.',
    });
    expect(await play(stream('compatible', chunk({ content: 'Fi' }), 90_000, chunk({ content: 'ne.' })))).toMatchObject(
      {
        ...failed('model_call_failed', 2),
        row: { error: 'the model fell silent' },
      },
    );
  });

  it('a model that thinks in its text may be silent while it does', async () => {
    expect(
      await play(
        stream('compatible', chunk({ content: '<think>hm' }), 90_000, chunk({ content: ' ok</think>\nFine.' })),
      ),
    ).toMatchObject({ text: 'Fine.' });
  });

  it.each([
    ['thoughts in pieces', ['<th', 'ink>a <b> c</thi', 'nk>', '\n\nFine.'], 'Fine.'],
    ['thoughts that it begins inside', ['I should\n</think>\n\nFi', 'ne.'], 'Fine.'],
    [
      'code that holds the tag',
      ['```js\nconst a = "<think>b</think>";\n```\n'],
      '```js\nconst a = "<think>b</think>";\n```\n',
    ],
    ['a text that is a part of the tag', ['<thi'], '<thi'],
  ])('%s', async (_name, pieces, text) => {
    expect(await play(stream('compatible', ...pieces.map((content) => chunk({ content }))))).toMatchObject({ text });
  });

  it('thoughts alone are no answer, and are estimated as what they cost us', async () => {
    const outcome = await play(stream('compatible', chunk({ reasoning_content: 'x'.repeat(400) })));
    expect(outcome).toMatchObject({ ...failed('model_call_failed'), row: { usage: { output: 100, estimated: true } } });
  });

  it.each([
    ['two objects', 'First {"draft":true}, then {"ready":true,"n":3}.'],
    ['braces in strings', 'So: {"note":"a } and a {","ready":true,"n":3}'],
    ['an unclosed draft before it', 'Like {"ready": … no. {"ready":true,"n":3}'],
  ])('JSON is found by parsing: %s', async (_name, content) => {
    const answer = { ...stream('compatible', chunk({ content })), structured: true };
    expect(await play(answer)).toMatchObject({ value: { ready: true, n: 3 }, requests: 1 });
  });

  it('reasoning that is counted beside the completion is billed', async () => {
    const counted = {
      prompt_tokens: 100,
      completion_tokens: 10,
      total_tokens: 410,
      completion_tokens_details: { reasoning_tokens: 300 },
    };
    expect(
      await play(stream('compatible', chunk({ content: 'ok' }), chunk({}, null, { usage: counted }))),
    ).toMatchObject(usage(100, 0, 310));
  });
});
