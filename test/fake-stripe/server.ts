/**
 * A Stripe on loopback for tests and for playing by hand: the calls that Plumbline makes, the pages it sends people to,
 * and the webhooks it receives. All state is in memory. Use it through Stripe's own client, see README.md.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Stripe from 'stripe';
import { type ApiAnswer, allRoutes, serveApi } from './api';
import { settleLater } from './checkout-outcome';
import { type Controls, controls } from './controls';
import { IdempotencyKeys } from './idempotency';
import { servePage } from './pages';
import { serveControl } from './remote';
import type { Fault, ServerState } from './server-state';
import { Store } from './store';
import { Webhooks } from './webhooks';

export interface FakeStripeOptions {
  /** 0, the default: any free one. */
  port?: number;
  secretKey?: string;
  webhookSecret?: string;
  /** Where events are sent; null, the default: nowhere until `setWebhookUrl`. */
  webhookUrl?: string | null;
  /** Milliseconds before the second, third, … try of a delivery. */
  retryDelaysMs?: number[];
  /** Event types to send, `invoice.*` allowed; default all. */
  enabledEvents?: string[];
  /** Milliseconds until a payment made by "Pay later" on the page ends; null: not before `settleLater`. */
  asyncDelayMs?: number | null;
  /** Time, in Unix milliseconds; default the machine's. */
  clock?: () => number;
}

export interface FakeStripe extends Controls {
  url: string;
  secretKey: string;
  webhookSecret: string;
  /** Second argument of `new Stripe(secretKey, …)`. */
  clientConfig: {
    host: string;
    port: number;
    protocol: 'http';
    apiVersion: typeof Stripe.API_VERSION;
    telemetry: false;
  };
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 1_000_000;

/** Starts the server on loopback; `close` it when done. */
export async function startFakeStripe(options: FakeStripeOptions = {}): Promise<FakeStripe> {
  const secretKey = options.secretKey ?? 'sk_test_fakeStripe';
  const webhookSecret = options.webhookSecret ?? 'whsec_fakeStripe';
  let url = '';
  const state = createState(options, secretKey, webhookSecret, () => url);
  const api = controls(state);
  const server = createServer((request, response) => {
    serve(state, api, request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, HOST, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  url = `http://${HOST}:${port}`;
  return {
    ...api,
    url,
    secretKey,
    webhookSecret,
    clientConfig: { host: HOST, port, protocol: 'http', apiVersion: Stripe.API_VERSION, telemetry: false },
    close: () => {
      for (const timer of state.timers) clearTimeout(timer);
      state.webhooks.close();
      return new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      });
    },
  };
}

function createState(
  options: FakeStripeOptions,
  secretKey: string,
  webhookSecret: string,
  baseUrl: () => string,
): ServerState {
  const clock = () => (options.clock ?? Date.now)() / 1000;
  const store = new Store({ clock, baseUrl });
  const webhooks = new Webhooks({
    url: options.webhookUrl ?? null,
    secret: webhookSecret,
    retryDelaysMs: options.retryDelaysMs ?? [100, 200, 400, 800, 1600, 3200],
    enabledEvents: options.enabledEvents ?? ['*'],
    clock,
  });
  store.onEvent = (event) => webhooks.enqueue(event);
  const state: ServerState = {
    store,
    webhooks,
    requests: [],
    faults: [],
    timers: new Set(),
    latencyMs: 0,
    api: { store, routes: allRoutes(store), keys: new IdempotencyKeys(), secretKey, latencyMs: () => state.latencyMs },
    settle: (sessionId, outcome) => {
      const wait = options.asyncDelayMs === undefined ? 1000 : options.asyncDelayMs;
      if (wait === null) return;
      const timer = setTimeout(() => {
        state.timers.delete(timer);
        settleLater(store, sessionId, outcome);
      }, wait);
      state.timers.add(timer);
    },
  };
  return state;
}

async function serve(
  state: ServerState,
  api: Controls,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', `http://${HOST}`);
  const method = request.method ?? 'GET';
  const body = await read(request);
  if (pathname.startsWith('/v1/')) return answerApi(state, request, response, body);
  if (pathname.startsWith('/_test/')) {
    const { status, json } = await serveControl(api, method, pathname.slice('/_test/'.length), body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(json);
    return;
  }
  const form = new URLSearchParams(method === 'POST' ? body : search);
  const page = servePage(state.store, method, pathname, form, state.settle);
  const status = page?.status ?? 404;
  const headers: Record<string, string> = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  if (page?.location !== undefined) headers.location = page.location;
  response.writeHead(status, headers).end(page?.html ?? 'Nothing here.');
}

async function answerApi(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<void> {
  const { pathname: path, search } = new URL(request.url ?? '/', `http://${HOST}`);
  const method = request.method ?? 'GET';
  const idempotencyKey = header(request, 'idempotency-key');
  const fits = (call: Pick<Fault, 'method' | 'path'> | undefined) => call?.method === method && call.path === path;
  const at = state.faults.findIndex((fault) => fault.after === undefined && fits(fault));
  const [fault] = at < 0 ? [] : state.faults.splice(at, 1);
  const query = search.slice(1);
  const log = (status: number, replayed: boolean): void => {
    state.requests.push({ method, path, query, body, idempotencyKey: idempotencyKey ?? null, status, replayed });
    for (const waiting of state.faults) if (fits(waiting.after)) delete waiting.after;
  };
  if (typeof fault?.kind === 'number') {
    const message = 'A fault that the test asked for.';
    response.writeHead(fault.kind, { 'content-type': 'application/json', 'request-id': state.store.id('req') });
    const type = fault.kind < 500 ? 'invalid_request_error' : 'api_error';
    response.end(JSON.stringify({ error: { type, message } }));
    log(fault.kind, false);
    return;
  }
  const answer = await serveApi(state.api, {
    method,
    path,
    query,
    body,
    authorization: header(request, 'authorization'),
    version: header(request, 'stripe-version'),
    idempotencyKey,
  });
  const { status, replayed } = answer;
  log(status, replayed);
  if (fault?.kind === 'drop') {
    response.destroy();
    return;
  }
  response.writeHead(status, answerHeaders(state, answer, idempotencyKey)).end(answer.body);
}

function answerHeaders(state: ServerState, answer: ApiAnswer, key: string | undefined): Record<string, string> {
  return {
    'content-type': 'application/json',
    'stripe-version': Stripe.API_VERSION,
    'request-id': answer.replayed ? state.store.id('req') : answer.requestId,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(answer.replayed ? { 'idempotent-replayed': 'true', 'original-request': answer.requestId } : {}),
  };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new Error('the body is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
