import 'server-only';
import { createHash } from 'node:crypto';
import { now } from '@/server/platform/clock';
import type { Tx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { LETTERS_PER_ADDRESS, LETTERS_PER_DAY, LETTERS_PER_SENDER } from './schema';

interface Letter {
  organizationId: string;
  userId: string;
  email: string;
}

/**
 * Counts one invitation letter against the day (UTC) of the team, of its sender and of the address: atomic upserts, exact across
 * processes. Letters go to anybody's address and name the team as its owner likes, so neither a team nor somebody who makes one
 * team after another may flood one. The latter two counters outlive the team.
 * @throws AppError `rate_limited`
 */
export async function countLetter(tx: Tx, { organizationId, userId, email }: Letter): Promise<void> {
  const team = `This team has sent ${LETTERS_PER_DAY} invitation letters today.`;
  await count(tx, organizationId, LETTERS_PER_DAY, team);
  await count(
    tx,
    `sender:${userId}`,
    LETTERS_PER_SENDER,
    `You have sent ${LETTERS_PER_SENDER} invitation letters today.`,
  );
  const address = `This address has been sent ${LETTERS_PER_ADDRESS} invitation letters today.`;
  await count(tx, addressKey(email), LETTERS_PER_ADDRESS, address);
}

/** Hashed with the day: it says nothing about the address, and nothing from one day to the next. */
function addressKey(email: string): string {
  return `address:${createHash('sha256').update(`${today()} ${email.trim().toLowerCase()}`).digest('hex')}`;
}

const today = () => now().toISOString().slice(0, 10);

async function count(tx: Tx, counted: string, limit: number, refusal: string): Promise<void> {
  const rows = await tx.$executeRaw`
    INSERT INTO "RateCounter" ("organizationId", "capability", "window", "count") VALUES (${counted}, 'invite', ${`day:${today()}`}, 1)
    ON CONFLICT ("organizationId", "capability", "window") DO UPDATE SET "count" = "RateCounter"."count" + 1
    WHERE "RateCounter"."count" < ${limit}`;
  if (rows === 1) return;
  throw new AppError('rate_limited', `more than ${limit} invitation letters a day`, {
    userMessage: `${refusal} More can go out tomorrow (UTC).`,
    details: {
      retryAfterSeconds: Math.ceil((86_400_000 - (now().getTime() % 86_400_000)) / 1000),
      limit,
      per: 'day',
    },
  });
}
