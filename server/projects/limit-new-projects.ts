import 'server-only';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { AppError } from '@/server/platform/errors';

const MINUTE_MS = 60_000;

/**
 * Each new project starts a design, so one person makes only so many a minute and a day, over all of their organizations.
 * Belongs to the transaction that makes the project: requests of one person wait for each other.
 * @throws AppError `rate_limited`
 */
export async function limitNewProjects(tx: Tx, userId: string): Promise<void> {
  const { PROJECTS_PER_MINUTE, PROJECTS_PER_DAY } = env();
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`new-projects:${userId}`}, 0))`;
  const at = now();
  for (const [limit, name, ms] of [
    [PROJECTS_PER_MINUTE, 'minute', MINUTE_MS],
    [PROJECTS_PER_DAY, 'day', 24 * 60 * MINUTE_MS],
  ] as const) {
    const [oldest] = await tx.project.findMany({
      where: { createdById: userId, createdAt: { gt: new Date(at.getTime() - ms) } },
      orderBy: { createdAt: 'desc' },
      skip: limit - 1,
      take: 1,
      select: { createdAt: true },
    });
    if (oldest === undefined) continue;
    const retryAfterSeconds = Math.max(1, Math.ceil((oldest.createdAt.getTime() + ms - at.getTime()) / 1000));
    throw new AppError('rate_limited', `${limit} projects were made within a ${name}`, {
      userMessage: `You can make ${limit} projects a ${name}. Try again in ${inWords(retryAfterSeconds)}.`,
      details: { retryAfterSeconds },
    });
  }
}

function inWords(seconds: number): string {
  if (seconds <= 120) return `${seconds} seconds`;
  return seconds <= 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3600)} hours`;
}
