import { describe, expect, it } from 'vitest';
import { listOwnKeys, storeOwnKey } from '@/server/models/keys/own-keys';
import { answerWith, type Case, caseSchema, heard, owner, play, playProviders } from '@/test/play-provider';
import { checkOwnKey } from './check-own-key';

playProviders();

/** An event as Anthropic's Messages API streams it. */
const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const START = { input_tokens: 200, cache_creation_input_tokens: 0, cache_read_input_tokens: 800, output_tokens: 1 };
const begin = (usage: object = START) =>
  event('message_start', {
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'fake', content: [], stop_reason: null, usage },
  });
const block = (kind: object, ...deltas: object[]) => [
  event('content_block_start', { index: 0, content_block: kind }),
  ...deltas.map((delta) => event('content_block_delta', { index: 0, delta })),
  event('content_block_stop', { index: 0 }),
];
const says = (...words: string[]) =>
  block({ type: 'text', text: '' }, ...words.map((text) => ({ type: 'text_delta', text })));
const end = (stop_reason: string) => [
  event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 50 } }),
  event('message_stop'),
];
const stream = (...events: Case['events']): Case => caseSchema.parse({ provider: 'anthropic', events });
const refusal = (status: number, type: string, message: string, headers: Record<string, string> = {}): Case =>
  caseSchema.parse({
    provider: 'anthropic',
    status,
    headers,
    body: JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' }),
  });
const fine = stream(begin(), ...says('Fine.'), ...end('end_turn'));
const free = (code: string, requests = 1) => ({ code, row: { charged: false }, requests });

describe('Anthropic', () => {
  it('is read in pieces, and what came from its cache is billed as such', async () => {
    expect(await play(stream(begin(), event('ping'), ...says('Fi', 'ne.'), ...end('end_turn')))).toMatchObject({
      text: 'Fine.',
      row: { charged: true, usage: { input: 1000, cached: 800, output: 50, estimated: false } },
      requests: 1,
    });
  });

  it('gives JSON for a form', async () => {
    const answer = stream(begin(), ...says('```json\n{"ready":true,', '"n":3}\n```'), ...end('end_turn'));
    expect(await play({ ...answer, structured: true })).toMatchObject({ value: { ready: true, n: 3 }, requests: 1 });
  });

  it('shows its thinking as reasoning, and no part of it as an answer', async () => {
    const thinks = block(
      { type: 'thinking', thinking: '' },
      { type: 'thinking_delta', thinking: 'Which one?' },
      { type: 'signature_delta', signature: 'c2ln' },
    );
    expect(await play(stream(begin(), ...thinks, ...says('Fine.'), ...end('end_turn')))).toMatchObject({
      text: 'Fine.',
    });
    const thoughtsAlone = stream(begin(), ...thinks, ...end('end_turn'));
    expect(await play(thoughtsAlone)).toMatchObject(free('model_call_failed', 2));
  });

  it.each([
    ['cut at its limit', stream(begin(), ...says('Half an'), ...end('max_tokens')), 'answer_cut_off'],
    ['refused', stream(begin(), ...says('I cannot'), ...end('refusal')), 'answer_refused'],
    ['cut in the middle', stream(begin(), ...says('Half an')), 'model_call_failed'],
    [
      'broken off by an error',
      stream(
        begin(),
        ...says('Half an'),
        event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
      ),
      'model_call_failed',
    ],
    ['empty', stream(begin(), ...end('end_turn')), 'model_call_failed'],
  ])('an answer that is %s is not used, not charged and not asked again', async (_name, answer, code) => {
    expect(await play(answer)).toMatchObject(free(code));
  });

  it.each([
    ['key', refusal(401, 'authentication_error', 'invalid x-api-key'), 'provider_key_refused'],
    [
      'credit',
      refusal(400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
      'provider_quota_used_up',
    ],
    ['model', refusal(404, 'not_found_error', 'model: fake'), 'model_unknown'],
    [
      'window',
      refusal(400, 'invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
      'context_too_long',
    ],
  ])('a refused %s has a code of its own and is not asked again', async (_name, answer, code) => {
    expect(await play(answer)).toMatchObject(free(code));
  });

  it('tries an organization’s own key, and says when it is not accepted', async () => {
    const { organizationId, userId } = owner;
    await storeOwnKey({ organizationId, userId, provider: 'anthropic', key: 'sk-ant-own-key-7777' });
    answerWith(fine);
    expect(await checkOwnKey({ organizationId, userId, provider: 'anthropic' })).toMatchObject({ works: true });
    expect(heard.at(-1)).toMatchObject({ 'x-api-key': 'sk-ant-own-key-7777' });
    answerWith(refusal(401, 'authentication_error', 'invalid x-api-key'));
    expect(await checkOwnKey({ organizationId, userId, provider: 'anthropic' })).toMatchObject({ works: false });
    expect(await listOwnKeys(organizationId)).toMatchObject([{ provider: 'anthropic', lastFour: '7777' }]);
  });

  it.each([
    ['overload', refusal(529, 'overloaded_error', 'Overloaded', { 'retry-after': '0' })],
    ['a limit', refusal(429, 'rate_limit_error', 'Too many requests', { 'retry-after': '0' })],
  ])('%s is waited for', async (_name, first) => {
    expect(await play(first, fine)).toMatchObject({ text: 'Fine.', requests: 2 });
  });
});
