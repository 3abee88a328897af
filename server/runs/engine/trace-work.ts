import 'server-only';
import { tracingChannel } from 'node:diagnostics_channel';

/** What a step is for, as opposed to what the engine adds: the bench subtracts it. */
export type WorkKind = 'checks' | 'context' | 'index';

/** Costs nothing while nobody listens. */
export const workChannel = tracingChannel<WorkKind, { kind: WorkKind }>('plumbline:work');

export function traceWork<T>(kind: WorkKind, work: () => Promise<T>): Promise<T> {
  return workChannel.tracePromise(work, { kind });
}
