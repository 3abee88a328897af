import 'server-only';
import { z } from 'zod';
import { inTx } from '@/server/platform/db';

/** The page a letter leads to. Opening it changes nothing: mail scanners open every link. */
export const LINK_PAGE = '/sign-in/link';

/** Where the page's button posts to: next-auth's own callback, which takes a POST too. */
export const LINK_CALLBACK = '/api/auth/callback/email';

/** Letters of an address as RFC 5321 limits it. */
const EMAIL_LENGTH = 320;

/** One address as it can stand in a letter's head: no list, no name beside it, nothing that cannot be seen. */
const addressSchema = z
  .string()
  .transform((text) => text.normalize('NFKC').trim().toLowerCase())
  .pipe(
    z
      .string()
      .max(EMAIL_LENGTH)
      .regex(/^[^\s@"<>(),;:\\[\]]+@[^\s@"<>(),;:\\[\]]+$/)
      .regex(/^[^\p{C}\p{Default_Ignorable_Code_Point}]*$/u),
  );

/** The one way to write the address that a link is asked for. @throws ZodError, which next-auth shows as `EmailSignin` */
export function normalizeAddress(typed: string): string {
  return addressSchema.parse(typed);
}

/** What a letter's link carries; next-auth makes the values. */
export const linkSchema = z.object({
  token: z.string().regex(/^[0-9a-f]{64}$/),
  email: z.string().min(3).max(EMAIL_LENGTH),
  callbackUrl: z.string().max(2000).optional(),
});

/** The link for a letter, from next-auth's link, which would sign in whatever opens it. */
export function linkForLetter(callback: string): string {
  const { origin, search } = new URL(callback);
  return `${origin}${LINK_PAGE}${search}`;
}

interface LinkToken {
  identifier: string;
  token: string;
  expires: Date;
}

/** Keeps a new link's token; the older ones of the same address end. */
export async function keepLinkToken({ identifier, token, expires }: LinkToken): Promise<LinkToken> {
  return inTx(async (tx) => {
    // Of two that are asked for at once the later waits, or neither would see the other and both links would stay.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`sign-in-link:${identifier}`}, 0))`;
    await tx.verificationToken.deleteMany({ where: { identifier } });
    return tx.verificationToken.create({ data: { identifier, token, expires } });
  });
}

/** Uses a link up, once; every other one of the same address ends with it. @returns null when it is not valid any more. */
export async function useLinkToken({
  identifier,
  token,
}: {
  identifier: string;
  token: string;
}): Promise<LinkToken | null> {
  return inTx(async (tx) => {
    const found = await tx.verificationToken.findUnique({ where: { identifier_token: { identifier, token } } });
    if (found === null) return null;
    const { count } = await tx.verificationToken.deleteMany({ where: { identifier, token } });
    await tx.verificationToken.deleteMany({ where: { identifier } });
    return count === 0 ? null : found;
  });
}
