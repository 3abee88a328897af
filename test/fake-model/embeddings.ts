/** The embeddings half of the fake provider: OpenAI's `/embeddings`, Google's `:embedContent` and `:batchEmbedContents`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { readBody, type StatusFault, sendStatus } from './http';

/** A request for vectors. */
export interface FakeEmbedRequest {
  /** `openai` is what compatible servers speak too. */
  protocol: 'openai' | 'google';
  model: string;
  texts: string[];
  /** How many requests for vectors came before this one. */
  count: number;
  /** The key the request carried, empty when there was none. */
  key: string;
}

export interface FakeVectors {
  vectors: number[][];
  /** Tokens as OpenAI reports them; null: not at all, as Google does always. Default: one a text. */
  tokens?: number | null;
  fault?: ({ kind: 'status' } & StatusFault) | { kind: 'garbage' | 'hang' };
}

export type RespondVectors = (request: FakeEmbedRequest) => FakeVectors | Promise<FakeVectors>;

const GOOGLE = /models\/([^:/]+):(embedContent|batchEmbedContents)$/;

export function isEmbeddingPath(url: string): boolean {
  return url.endsWith('/embeddings') || GOOGLE.test(url);
}

const googleContent = z.object({ parts: z.array(z.object({ text: z.string() })) });
const bodySchema = z.union([
  // What a real server insists on is insisted on here.
  z.object({ model: z.string().min(1), input: z.array(z.string()).min(1), encoding_format: z.literal('float') }),
  z.object({ model: z.string().startsWith('models/'), content: googleContent }),
  z.object({ requests: z.array(z.object({ model: z.string().startsWith('models/'), content: googleContent })).min(1) }),
]);

const textOf = ({ parts }: z.infer<typeof googleContent>) => parts.map(({ text }) => text).join('');

function readEmbeddingRequest(request: IncomingMessage, text: string, count: number): FakeEmbedRequest {
  const body = bodySchema.parse(JSON.parse(text));
  const { authorization = '', 'x-goog-api-key': googleKey = '' } = request.headers;
  if ('input' in body) {
    const key = authorization.replace(/^Bearer /, '');
    return { protocol: 'openai', model: body.model, texts: body.input, count, key };
  }
  return {
    protocol: 'google',
    model: GOOGLE.exec(request.url ?? '')?.[1] ?? '',
    texts: 'requests' in body ? body.requests.map(({ content }) => textOf(content)) : [textOf(body.content)],
    count,
    key: String(googleKey),
  };
}

function embeddingBody(url: string, request: FakeEmbedRequest, { vectors, tokens }: FakeVectors): string {
  if (request.protocol === 'google') {
    return JSON.stringify(
      url.endsWith(':embedContent')
        ? { embedding: { values: vectors[0] ?? [] } }
        : { embeddings: vectors.map((values) => ({ values })) },
    );
  }
  const used = tokens === undefined ? request.texts.length : tokens;
  return JSON.stringify({
    object: 'list',
    data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    model: request.model,
    ...(used === null ? {} : { usage: { prompt_tokens: used, total_tokens: used } }),
  });
}

export async function serveVectors(
  request: IncomingMessage,
  response: ServerResponse,
  requests: FakeEmbedRequest[],
  embed: RespondVectors | undefined,
): Promise<void> {
  const parsed = readEmbeddingRequest(request, await readBody(request), requests.length);
  requests.push(parsed);
  if (embed === undefined) {
    sendStatus(response, { status: 404 });
    return;
  }
  const answer = await embed(parsed);
  const { fault } = answer;
  if (fault?.kind === 'status') sendStatus(response, fault);
  else if (fault?.kind !== 'hang') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      fault === undefined ? embeddingBody(request.url ?? '', parsed, answer) : '{"data": <<<this is not JSON',
    );
  }
}
