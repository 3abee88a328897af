/** What the parts of the server share. */
import type { ApiContext } from './api';
import type { Store } from './store';
import type { Webhooks } from './webhooks';

export interface RequestLog {
  method: string;
  path: string;
  /** Without the question mark. */
  query: string;
  /** Form as sent. */
  body: string;
  idempotencyKey: string | null;
  status: number;
  replayed: boolean;
}

/** What goes wrong with the next call that fits: an answer of this status, or (`drop`) none, after doing the work. */
export interface Fault extends Call {
  kind: 'drop' | number;
  /** Not before this call was answered. */
  after?: Call;
}

interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
}

export interface ServerState {
  store: Store;
  webhooks: Webhooks;
  requests: RequestLog[];
  faults: Fault[];
  /** Payments made by "Pay later" that are still to end. */
  timers: Set<NodeJS.Timeout>;
  latencyMs: number;
  api: ApiContext;
  settle: (sessionId: string, outcome: 'succeeds' | 'fails') => void;
}
