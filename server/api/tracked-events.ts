import 'server-only';
import { tracked } from '@trpc/server';
import { db } from '@/server/platform/db';
import { logger } from '@/server/platform/logger';
import { tailEvents } from '@/server/runs/stream/resume-stream';
import { openStream } from './open-streams';
import type { Caller } from './trpc';

/** An open stream hands out nothing on a session and a membership that were looked up longer ago. Milliseconds. */
const KNOWN_MS = 5_000;
/** A stream that nothing happens on is closed after this. Milliseconds. */
const IDLE_CHECK_MS = 30_000;

/**
 * A project's events with ids, so that a reconnecting browser says where it was (Last-Event-ID). A stream can stay open for
 * hours: it ends when its reader has signed out, also elsewhere, or has been removed from the organization.
 * @throws AppError `rate_limited`, before the stream opens, when the account has too many of them
 */
export function trackedEvents(caller: Caller, input: Parameters<typeof tailEvents>[0]) {
  const close = openStream(caller.userId);
  // A stream that nobody began to read never comes to its end.
  input.signal.addEventListener('abort', close, { once: true });
  if (input.signal.aborted) close();
  return eventsUntilClosed(caller, input, close);
}

async function* eventsUntilClosed(caller: Caller, input: Parameters<typeof tailEvents>[0], close: () => void) {
  const over = new AbortController();
  const check = () => {
    mayRead(caller).then(
      (may) => may || over.abort(),
      (error: unknown) => logger().warn({ err: error }, 'the reader of a stream was not looked up'),
    );
  };
  const timer = setInterval(check, IDLE_CHECK_MS);
  timer.unref();
  let knownAt = performance.now();
  try {
    for await (const event of tailEvents({ ...input, signal: AbortSignal.any([input.signal, over.signal]) })) {
      if (performance.now() - knownAt > KNOWN_MS) {
        if (!(await mayRead(caller))) return;
        knownAt = performance.now();
      }
      yield tracked(String(event.seq), event);
    }
  } finally {
    close();
    clearInterval(timer);
  }
}

async function mayRead({ organizationId, userId, signedIn }: Caller): Promise<boolean> {
  if (signedIn !== undefined && !(await signedIn())) return false;
  return (await db().membership.count({ where: { organizationId, userId } })) > 0;
}
