import 'server-only';
import { createHash } from 'node:crypto';
import { now } from '@/server/platform/clock';
import { db, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';

/** Sign-in links to one e-mail address in a window: plenty for a person whose mail is slow, too few to flood a mailbox. */
export const LINKS_PER_ADDRESS = 5;
/** Sign-in links asked for from one network address in a window; a whole office may share one. */
export const LINKS_PER_REQUESTER = 30;
/** Sign-in links in a window for all whose network address is unknown, who are many people behind a proxy that is not trusted. */
export const LINKS_FOR_UNKNOWN = 300;
export const LINK_WINDOW_MS = 15 * 60_000;

/**
 * Counts one sign-in link against its e-mail address and against the network address that asks; all unknown ones count as
 * one. The count lives in the database, so all processes share it and a restart keeps it. Refused requests are not counted.
 *
 * Its rows are `VerificationToken`s: they expire as links do. Their identifier is a hash and has no `@`, so that no address
 * anyone asks a link for can be one of them, and no network address is stored as it is.
 * @returns seconds until another link may be sent; 0 when this one may be.
 */
export async function countSignInLink(email: string, requester: string | null): Promise<number> {
  const at = now();
  await db().verificationToken.deleteMany({ where: { expires: { lt: at } } });
  const counters = [
    { identifier: counterOf('address', email), limit: LINKS_PER_ADDRESS },
    {
      identifier: counterOf('requester', requester ?? 'unknown'),
      limit: requester === null ? LINKS_FOR_UNKNOWN : LINKS_PER_REQUESTER,
    },
  ];
  return inTx(async (tx) => {
    for (const { identifier, limit } of counters) {
      // Requests for one counter wait for each other, or all of them would see the count before any of them.
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${identifier}, 0))`;
      const recent = await tx.verificationToken.findMany({
        where: { identifier, expires: { gt: at } },
        orderBy: { expires: 'desc' },
        take: limit,
        select: { expires: true },
      });
      const oldest = recent[limit - 1];
      if (oldest !== undefined) return Math.ceil((oldest.expires.getTime() - at.getTime()) / 1000);
    }
    const expires = new Date(at.getTime() + LINK_WINDOW_MS);
    await tx.verificationToken.createMany({
      data: counters.map(({ identifier }) => ({ identifier, token: newId(), expires })),
    });
    return 0;
  });
}

function counterOf(kind: 'address' | 'requester', value: string): string {
  return `sign-in-links:${createHash('sha256').update(`${kind} ${value.toLowerCase()}`).digest('hex')}`;
}
