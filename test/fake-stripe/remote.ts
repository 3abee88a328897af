/** The controls over HTTP, for a test in another process: `POST /_test/<name>` with a JSON array of arguments. */
import type { Controls } from './controls';

const REMOTE = [
  'advancePeriod',
  'closeDispute',
  'completeCheckout',
  'deliver',
  'deliveries',
  'discardHeldBack',
  'dispute',
  'endSubscription',
  'escalateDispute',
  'events',
  'failRefund',
  'failNext',
  'heldBack',
  'idle',
  'pauseDelivery',
  'paymentOfInvoice',
  'requests',
  'resumeDelivery',
  'retryPayment',
  'setCard',
  'setDelivery',
  'setLatency',
  'setWebhookUrl',
  'settleLater',
  'signedRequest',
] as const satisfies (keyof Controls)[];
type RemoteName = (typeof REMOTE)[number];

/** The controls as another process sees them. Functions cannot travel: `mutateBody` is for the same process only. */
export type RemoteControls = {
  [Name in RemoteName]: (...args: Parameters<Controls[Name]>) => Promise<Awaited<ReturnType<Controls[Name]>>>;
};

export async function serveControl(
  api: Controls,
  method: string,
  name: string,
  body: string,
): Promise<{ status: number; json: string }> {
  const known = REMOTE.find((candidate) => candidate === name);
  if (method !== 'POST' || known === undefined)
    return { status: 404, json: JSON.stringify({ error: 'no such control' }) };
  try {
    const args: unknown[] = body === '' ? [] : JSON.parse(body);
    const result: unknown = await Reflect.apply(api[known], api, args);
    return { status: 200, json: JSON.stringify(result ?? null) };
  } catch (error) {
    return { status: 400, json: JSON.stringify({ error: error instanceof Error ? error.message : String(error) }) };
  }
}

/** Controls of a fake that runs in another process (Playwright's web server). `url` is its address. */
export function connectFakeStripe(url: string): RemoteControls {
  const call = async (name: string, args: unknown[]) => {
    const response = await fetch(`${url}/_test/${name}`, { method: 'POST', body: JSON.stringify(args) });
    const result = await response.json();
    if (!response.ok) throw new Error(`${name}: ${result.error}`);
    return result;
  };
  return {
    advancePeriod: (...args) => call('advancePeriod', args),
    closeDispute: (...args) => call('closeDispute', args),
    completeCheckout: (...args) => call('completeCheckout', args),
    deliver: (...args) => call('deliver', args),
    deliveries: (...args) => call('deliveries', args),
    discardHeldBack: (...args) => call('discardHeldBack', args),
    dispute: (...args) => call('dispute', args),
    endSubscription: (...args) => call('endSubscription', args),
    escalateDispute: (...args) => call('escalateDispute', args),
    events: (...args) => call('events', args),
    failRefund: (...args) => call('failRefund', args),
    failNext: (...args) => call('failNext', args),
    heldBack: (...args) => call('heldBack', args),
    idle: (...args) => call('idle', args),
    pauseDelivery: (...args) => call('pauseDelivery', args),
    paymentOfInvoice: (...args) => call('paymentOfInvoice', args),
    requests: (...args) => call('requests', args),
    resumeDelivery: (...args) => call('resumeDelivery', args),
    retryPayment: (...args) => call('retryPayment', args),
    setCard: (...args) => call('setCard', args),
    setDelivery: (...args) => call('setDelivery', args),
    setLatency: (...args) => call('setLatency', args),
    setWebhookUrl: (...args) => call('setWebhookUrl', args),
    settleLater: (...args) => call('settleLater', args),
    signedRequest: (...args) => call('signedRequest', args),
  };
}
