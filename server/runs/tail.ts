import 'server-only';
import { db } from '@/server/platform/db';
import { RUN_LIMITS } from './limits';
import { eventPayloadSchema, type RunEventView } from './schema';

/**
 * One poller a process wakes all its readers: a signal from this process's writers, and a slow poll over all watched
 * streams for what other processes wrote. Shared through globalThis because Next's bundles each have a copy of this module.
 */
interface Tails {
  watchers: Map<string, Set<() => void>>;
  timer: NodeJS.Timeout | null;
  seen: Map<string, number>;
}
const holder = globalThis as typeof globalThis & { plumblineTails?: Tails };
function tails(): Tails {
  holder.plumblineTails ??= { watchers: new Map(), timer: null, seen: new Map() };
  return holder.plumblineTails;
}

/** Wakes this process's readers of a stream shortly after, when the writer's transaction has had time to commit. */
export function signalStream(stream: string): void {
  if (!tails().watchers.has(stream)) return;
  for (const afterMs of [5, 40]) {
    setTimeout(() => {
      for (const wake of tails().watchers.get(stream) ?? []) wake();
    }, afterMs).unref();
  }
}

function watch(stream: string, wake: () => void): () => void {
  const { watchers } = tails();
  const set = watchers.get(stream) ?? new Set();
  set.add(wake);
  watchers.set(stream, set);
  startPoller();
  return () => {
    set.delete(wake);
    if (set.size === 0 && watchers.get(stream) === set) {
      watchers.delete(stream);
      tails().seen.delete(stream);
    }
  };
}

function startPoller(): void {
  const state = tails();
  if (state.timer !== null) return;
  const poll = async () => {
    const streams = [...state.watchers.keys()];
    if (streams.length === 0) {
      state.timer = null;
      return;
    }
    try {
      const rows = await db().$queryRaw<{ stream: string; seq: number }[]>`
        SELECT "stream", max("seq")::int AS seq FROM "RunEvent" WHERE "stream" = ANY(${streams}) GROUP BY "stream"`;
      for (const { stream, seq } of rows) {
        if (state.seen.get(stream) === seq) continue;
        state.seen.set(stream, seq);
        for (const wake of state.watchers.get(stream) ?? []) wake();
      }
    } finally {
      state.timer = setTimeout(() => void poll().catch(() => undefined), RUN_LIMITS.tailPollMs);
      state.timer.unref();
    }
  };
  state.timer = setTimeout(() => void poll().catch(() => undefined), RUN_LIMITS.tailPollMs);
  state.timer.unref();
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
  const unwatch = watch(stream, wake);
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
