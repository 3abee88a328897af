import 'server-only';
import { tracked } from '@trpc/server';
import { db } from '@/server/platform/db';
import { tailEvents } from '@/server/runs/tail';
import type { Caller } from './trpc';

/** An open stream hands out nothing on a membership that was looked up longer ago. Milliseconds. */
const MEMBERSHIP_MS = 5_000;

/**
 * A project's events with ids, so that a reconnecting browser says where it was (Last-Event-ID). A stream can stay open for
 * hours: it ends when its reader has been removed from the organization. Idle streams cost no query.
 */
export async function* trackedEvents(caller: Caller, input: Parameters<typeof tailEvents>[0]) {
  const { organizationId, userId } = caller;
  let knownAt = performance.now();
  for await (const event of tailEvents(input)) {
    if (performance.now() - knownAt > MEMBERSHIP_MS) {
      if ((await db().membership.count({ where: { organizationId, userId } })) === 0) return;
      knownAt = performance.now();
    }
    yield tracked(String(event.seq), event);
  }
}
