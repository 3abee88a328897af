/**
 * A model provider on loopback for tests: speaks OpenAI chat completions, OpenAI responses and Google's
 * streamGenerateContent, each as server-sent events, and both providers' embeddings; answers as a script says, and
 * misbehaves as a script says.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type FakeEmbedRequest, isEmbeddingPath, type RespondVectors, serveVectors } from './embeddings';
import { readBody, type StatusFault, sendStatus } from './http';

export type { FakeVectors } from './embeddings';

export type Protocol = 'chat' | 'responses' | 'google';

export interface FakeRequest {
  protocol: Protocol;
  model: string;
  system: string;
  prompt: string;
  /** The request asked for structured output in the provider's own way. */
  wantsJson: boolean;
  /** How much thinking was asked for, in OpenAI's words; empty when nothing was said. */
  effort: string;
  /** How many requests came before this one. */
  count: number;
  /** The key the request carried, empty when there was none. */
  key: string;
  /** The other side hung up before the answer had ended. */
  abandoned: boolean;
}

export interface FakeAnswer {
  text: string;
  /** What the provider reports; null: it reports nothing. Default: 100 in, 20 out. */
  usage?: { input: number; output: number; cached?: number } | null;
  finishReason?: 'stop' | 'length';
  /** Characters a piece. Default 40. */
  chunkSize?: number;
  /** The answer begins once this is fulfilled. */
  until?: Promise<unknown>;
  /** Milliseconds before every piece. Default 0. */
  delayMs?: number;
  /** `cut` breaks the connection after half the pieces; `garbage` sends what is no JSON; `hang` falls silent for ever. */
  fault?: ({ kind: 'status' } & StatusFault) | { kind: 'cut' | 'garbage' | 'hang' };
}

export type Respond = (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;

export interface FakeModel {
  /** Base address without a path: `/v1` speaks OpenAI, `/google` speaks Google. */
  url: string;
  requests: FakeRequest[];
  /** Requests whose client closed the connection before the answer had ended. */
  hungUp: FakeRequest[];
  embedRequests: FakeEmbedRequest[];
  close(): Promise<void>;
}

const content = z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]);
const bodySchema = z.object({
  model: z.string().default(''),
  messages: z.array(z.object({ role: z.string(), content })).default([]),
  input: z.array(z.object({ role: z.string().default('user'), content })).default([]),
  reasoning: z.object({ effort: z.string().default('') }).optional(),
  response_format: z.object({ type: z.string() }).optional(),
  text: z.object({ format: z.object({ type: z.string() }).optional() }).optional(),
  systemInstruction: z.object({ parts: z.array(z.object({ text: z.string() })) }).optional(),
  contents: z.array(z.object({ parts: z.array(z.object({ text: z.string().optional() })) })).default([]),
  generationConfig: z.object({ responseMimeType: z.string().optional() }).optional(),
});

/** Starts the provider on a free port of loopback. Without `embed` it has no embeddings: such a request is a 404. */
export async function startFakeModel(respond: Respond, embed?: RespondVectors): Promise<FakeModel> {
  const requests: FakeRequest[] = [];
  const hungUp: FakeRequest[] = [];
  const embedRequests: FakeEmbedRequest[] = [];
  const server = createServer((request, response) => {
    const serving = isEmbeddingPath(request.url ?? '')
      ? serveVectors(request, response, embedRequests, embed)
      : serve(request, response, { requests, hungUp }, respond);
    serving.catch((error: unknown) => {
      // The test's script threw, or the client went away: either way this connection is over.
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    hungUp,
    embedRequests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { requests, hungUp }: Pick<FakeModel, 'requests' | 'hungUp'>,
  respond: Respond,
): Promise<void> {
  const parsed: FakeRequest = {
    ...readRequest(request.url ?? '', await readBody(request), requests.length),
    key: keyOf(request),
    abandoned: false,
  };
  response.once('close', () => {
    parsed.abandoned = !response.writableEnded;
  });
  requests.push(parsed);
  response.once('close', () => {
    if (!response.writableEnded) hungUp.push(parsed);
  });
  const answer = await respond(parsed);
  const { fault } = answer;
  if (fault?.kind === 'status') {
    sendStatus(response, fault);
    return;
  }
  await answer.until;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const pieces = splitText(answer.text, answer.chunkSize ?? 40);
  const events = EVENTS[parsed.protocol](parsed, answer, pieces);
  const faultAt = 1 + Math.floor(events.length / 2);
  for (const [index, event] of events.entries()) {
    if (answer.delayMs) await delay(answer.delayMs);
    if (response.destroyed) return;
    if (fault?.kind === 'hang' && index === faultAt) return;
    if (fault?.kind === 'garbage' && index === faultAt) {
      response.end('data: {"choices": <<<this is not JSON\n\n');
      return;
    }
    if (fault?.kind === 'cut' && index === faultAt) {
      // What was written has to leave first, else the client sees a refused request and not a cut.
      await new Promise((resolve) => setImmediate(resolve));
      response.socket?.destroySoon();
      return;
    }
    await new Promise((resolve) => response.write(event, resolve));
  }
  response.end();
}

function keyOf({ headers }: IncomingMessage): string {
  const google = headers['x-goog-api-key'];
  return typeof google === 'string' ? google : (headers.authorization ?? '').replace(/^Bearer /, '');
}

function readRequest(url: string, text: string, count: number): Omit<FakeRequest, 'key' | 'abandoned'> {
  const body = bodySchema.parse(JSON.parse(text));
  if (url.includes(':streamGenerateContent')) {
    return {
      protocol: 'google',
      model: decodeURIComponent(/models\/([^:]+):/.exec(url)?.[1] ?? ''),
      system: body.systemInstruction?.parts.map((part) => part.text).join('') ?? '',
      prompt: body.contents.flatMap(({ parts }) => parts.map((part) => part.text ?? '')).join(''),
      wantsJson: body.generationConfig?.responseMimeType === 'application/json',
      effort: '',
      count,
    };
  }
  const responses = url.endsWith('/responses');
  const messages = responses ? body.input : body.messages;
  const said = (roles: string[]) =>
    messages
      .filter(({ role }) => roles.includes(role))
      .map((message) =>
        typeof message.content === 'string' ? message.content : message.content.map((part) => part.text ?? '').join(''),
      )
      .join('\n');
  const format = responses ? body.text?.format?.type : body.response_format?.type;
  return {
    protocol: responses ? 'responses' : 'chat',
    model: body.model,
    system: said(['system', 'developer']),
    prompt: said(['user']),
    wantsJson: format === 'json_schema' || format === 'json_object',
    effort: body.reasoning?.effort ?? '',
    count,
  };
}

function splitText(text: string, size: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size));
  return pieces;
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

const usageOf = ({ usage }: FakeAnswer) => (usage === undefined ? { input: 100, output: 20 } : usage);

const EVENTS: Record<Protocol, (request: FakeRequest, answer: FakeAnswer, pieces: string[]) => string[]> = {
  chat: ({ model, count }, answer, pieces) => {
    const base = { id: `chat-${count}`, object: 'chat.completion.chunk', created: 1_700_000_000, model };
    const usage = usageOf(answer);
    const choice = (delta: object, reason: string | null) =>
      data({ ...base, choices: [{ index: 0, delta, finish_reason: reason }] });
    return [
      choice({ role: 'assistant', content: '' }, null),
      ...pieces.map((piece) => choice({ content: piece }, null)),
      choice({}, answer.finishReason ?? 'stop'),
      ...(usage === null
        ? []
        : [
            data({
              ...base,
              choices: [],
              usage: {
                prompt_tokens: usage.input,
                completion_tokens: usage.output,
                total_tokens: usage.input + usage.output,
                prompt_tokens_details: { cached_tokens: usage.cached ?? 0 },
              },
            }),
          ]),
      'data: [DONE]\n\n',
    ];
  },
  responses: ({ model, count }, answer, pieces) => {
    const item = { type: 'message', id: `msg-${count}` };
    const usage = usageOf(answer);
    const cut = answer.finishReason === 'length';
    const named = (type: string, rest: object) => `event: ${type}\n${data({ type, ...rest })}`;
    return [
      named('response.created', { response: { id: `resp-${count}`, created_at: 1_700_000_000, model } }),
      named('response.output_item.added', { output_index: 0, item }),
      ...pieces.map((delta) =>
        named('response.output_text.delta', { item_id: item.id, output_index: 0, content_index: 0, delta }),
      ),
      named('response.output_item.done', { output_index: 0, item }),
      named(cut ? 'response.incomplete' : 'response.completed', {
        response: {
          incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
          usage:
            usage === null
              ? { input_tokens: 0, output_tokens: 0 }
              : {
                  input_tokens: usage.input,
                  input_tokens_details: { cached_tokens: usage.cached ?? 0 },
                  output_tokens: usage.output,
                  output_tokens_details: { reasoning_tokens: 0 },
                },
        },
      }),
    ];
  },
  google: ({ model }, answer, pieces) => {
    const usage = usageOf(answer);
    const part = (text: string, rest: object = {}) =>
      data({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, ...rest }], modelVersion: model });
    return [
      ...pieces.map((piece) => part(piece)),
      data({
        candidates: [
          {
            index: 0,
            content: { role: 'model', parts: [{ text: '' }] },
            finishReason: answer.finishReason === 'length' ? 'MAX_TOKENS' : 'STOP',
          },
        ],
        ...(usage === null
          ? {}
          : {
              usageMetadata: {
                promptTokenCount: usage.input,
                candidatesTokenCount: usage.output,
                cachedContentTokenCount: usage.cached ?? 0,
                totalTokenCount: usage.input + usage.output,
              },
            }),
        modelVersion: model,
      }),
    ];
  },
};
