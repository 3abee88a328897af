import 'server-only';
import { AppError } from '@/server/platform/errors';

/** Live streams one account may have open at this process, over all of its tabs and devices. */
export const STREAMS_PER_ACCOUNT = 20;
/** Seconds after which a refused one may try again. */
const RETRY_SECONDS = 10;

/** Streams open by account; one count a process, also across Next's bundles, which each have their own copy of this module. */
const holder = globalThis as typeof globalThis & { plumblineStreams?: Map<string, number> };

/** Counts one more open stream of an account. @returns what takes it off again. @throws AppError `rate_limited` */
export function openStream(userId: string): () => void {
  holder.plumblineStreams ??= new Map();
  const open = holder.plumblineStreams;
  const before = open.get(userId) ?? 0;
  if (before >= STREAMS_PER_ACCOUNT) {
    throw new AppError('rate_limited', `${before} streams of this account are open`, {
      userMessage: `You have ${before} live pages open. Close some of them, then reload this one.`,
      details: { retryAfterSeconds: RETRY_SECONDS },
    });
  }
  open.set(userId, before + 1);
  let closed = false;
  return () => {
    if (closed) return;
    closed = true;
    const left = (open.get(userId) ?? 1) - 1;
    if (left === 0) open.delete(userId);
    else open.set(userId, left);
  };
}
