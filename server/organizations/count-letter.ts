import 'server-only';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { LETTERS_PER_DAY } from './schema';

/**
 * Counts one invitation letter against the organization's day (UTC): one atomic upsert, exact across processes. Letters go to
 * anybody's address, so a team must not be able to flood one.
 * @throws AppError `rate_limited`
 */
export async function countLetter(tx: Tx, organizationId: string): Promise<void> {
  const at = now();
  const window = `day:${at.toISOString().slice(0, 10)}`;
  const counted = await tx.$executeRaw`
    INSERT INTO "RateCounter" ("organizationId", "capability", "window", "count") VALUES (${organizationId}, 'invite', ${window}, 1)
    ON CONFLICT ("organizationId", "capability", "window") DO UPDATE SET "count" = "RateCounter"."count" + 1
    WHERE "RateCounter"."count" < ${LETTERS_PER_DAY}`;
  if (counted === 1) return;
  throw new AppError('rate_limited', `more than ${LETTERS_PER_DAY} invitation letters a day`, {
    userMessage: `This team has sent ${LETTERS_PER_DAY} invitation letters today. More can go out tomorrow (UTC).`,
    details: {
      retryAfterSeconds: Math.ceil((86_400_000 - (at.getTime() % 86_400_000)) / 1000),
      limit: LETTERS_PER_DAY,
      per: 'day',
    },
  });
}
