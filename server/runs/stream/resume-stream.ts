import 'server-only';
import { database, db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { NoticeListener } from '@/server/platform/notice-listener';
import { RUN_LIMITS } from './run-limits';
import { eventPayloadSchema, type RunEventView } from './schema';

/** Notices of what was committed; the payload is the stream's name. */
export const EVENTS_CHANNEL = 'plumbline_events';

/**
 * What wakes this process's readers: on a native database its notices, embedded a signal from the writers, which are all in
 * this process; below both one slow poll over all watched streams. Shared through globalThis because Next's bundles each
 * have a copy of this module.
 */
interface Tails {
  watchers: Map<string, Set<() => void>>;
  timer: NodeJS.Timeout | null;
  seen: Map<string, number>;
  listener: NoticeListener | null;
}
const holder = globalThis as typeof globalThis & { plumblineTails?: Tails };
function tails(): Tails {
  holder.plumblineTails ??= { watchers: new Map(), timer: null, seen: new Map(), listener: null };
  return holder.plumblineTails;
}

/** Wakes this process's readers of a stream shortly after, when the writer's transaction has had time to commit. */
export function signalStream(stream: string): void {
  const state = tails();
  if (!state.watchers.has(stream) || state.listener?.connected) return;
  for (const afterMs of [5, 40]) setTimeout(() => wakeReaders(stream), afterMs).unref();
}

/** Null wakes the readers of every stream. */
function wakeReaders(stream: string | null): void {
  const { watchers } = tails();
  const sets = stream === null ? [...watchers.values()] : [watchers.get(stream) ?? []];
  for (const set of sets) for (const wake of set) wake();
}

/** Calls `wake` when a stream may have something new. @returns what ends that */
export function watchStream(stream: string, wake: () => void): () => void {
  const state = tails();
  const set = state.watchers.get(stream) ?? new Set();
  set.add(wake);
  state.watchers.set(stream, set);
  startListener(state);
  startPoller();
  return () => {
    set.delete(wake);
    if (set.size === 0 && state.watchers.get(stream) === set) {
      state.watchers.delete(stream);
      state.seen.delete(stream);
    }
  };
}

function startListener(state: Tails): void {
  const connectionString = database().pool?.options.connectionString;
  if (state.listener === null && connectionString !== undefined)
    state.listener = new NoticeListener(connectionString, EVENTS_CHANNEL, wakeReaders);
}

/** Polls while anybody reads; with the last reader the listening connection goes too. */
function startPoller(): void {
  const state = tails();
  if (state.timer !== null) return;
  const again = () => {
    const pause = state.listener?.connected ? RUN_LIMITS.tailPollListeningMs : RUN_LIMITS.tailPollMs;
    state.timer = setTimeout(() => {
      if (state.watchers.size > 0) {
        poll(state)
          .catch((error: unknown) => logger().debug({ err: error }, 'new events not asked for'))
          .finally(again);
        return;
      }
      state.timer = null;
      state.listener?.close();
      state.listener = null;
    }, pause);
    state.timer.unref();
  };
  again();
}

async function poll(state: Tails): Promise<void> {
  const streams = [...state.watchers.keys()];
  const rows = await db().$queryRaw<{ stream: string; seq: number }[]>`
    SELECT "stream", max("seq")::int AS seq FROM "RunEvent" WHERE "stream" = ANY(${streams}) GROUP BY "stream"`;
  for (const { stream, seq } of rows) {
    if (state.seen.get(stream) === seq) continue;
    state.seen.set(stream, seq);
    wakeReaders(stream);
  }
}

/** Events of a project after a sequence number, then live, until the signal aborts. */
export async function* tailEvents(input: {
  organizationId: string;
  projectId: string;
  afterSeq: number;
  signal: AbortSignal;
}): AsyncGenerator<RunEventView> {
  const stream = `project:${input.projectId}`;
  let after = input.afterSeq;
  let woken = true;
  let resolve: (() => void) | null = null;
  const wake = () => {
    woken = true;
    resolve?.();
  };
  const unwatch = watchStream(stream, wake);
  input.signal.addEventListener('abort', wake, { once: true });
  try {
    while (!input.signal.aborted) {
      woken = false;
      const rows = await db().runEvent.findMany({
        where: { stream, organizationId: input.organizationId, seq: { gt: after } },
        orderBy: { seq: 'asc' },
        take: RUN_LIMITS.tailBatch,
      });
      for (const row of rows) {
        after = row.seq;
        yield { seq: row.seq, payload: eventPayloadSchema.parse(row.payload), createdAt: row.createdAt };
      }
      if (rows.length === RUN_LIMITS.tailBatch || woken || input.signal.aborted) continue;
      await new Promise<void>((done) => {
        resolve = done;
        if (woken) done();
      });
      resolve = null;
    }
  } finally {
    unwatch();
    input.signal.removeEventListener('abort', wake);
  }
}
