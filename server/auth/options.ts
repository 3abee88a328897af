import 'server-only';
import { PrismaAdapter } from '@auth/prisma-adapter';
import type { NextAuthOptions } from 'next-auth';
import type { Adapter, AdapterAccount } from 'next-auth/adapters';
import EmailProvider from 'next-auth/providers/email';
import GitHubProvider from 'next-auth/providers/github';
import GoogleProvider from 'next-auth/providers/google';
import { z } from 'zod';
import { db } from '@/server/platform/db';
import { env, servesHttps } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { authSecret } from './secret';
import { keepLinkToken, linkForLetter, normalizeAddress, useLinkToken } from './sign-in-link';
import { sendSignInMail } from './sign-in-mail';

/** Days a session lasts without use. */
const SESSION_DAYS = 30;

interface AuthHooks {
  /** Given from above: what a new person gets is not auth's business. */
  onSignIn(user: { id: string; email: string; name: string | null }): Promise<void>;
  /** Whether one more sign-in link may be sent to this (normalized) address now. */
  maySendLink(email: string): Promise<boolean>;
}

/** next-auth with database sessions. */
export function authOptions({ onSignIn, maySendLink }: AuthHooks): NextAuthOptions {
  const { GITHUB_ID, GITHUB_SECRET, GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, MAIL_FROM } = env();
  return {
    secret: authSecret(),
    adapter: adapter(),
    useSecureCookies: servesHttps(),
    logger: {
      error: (code, about) => {
        const err = 'error' in about ? about.error : about;
        // What somebody mistyped is no fault of ours.
        logger()[err instanceof z.ZodError ? 'debug' : 'error']({ err }, `next-auth: ${code}`);
      },
      warn: (code) => logger().warn(`next-auth: ${code}`),
      debug: (code) => logger().debug(`next-auth: ${code}`),
    },
    session: { strategy: 'database', maxAge: SESSION_DAYS * 86_400, updateAge: 86_400 },
    pages: { signIn: '/sign-in', verifyRequest: '/verify-request', error: '/sign-in' },
    providers: [
      EmailProvider({
        from: MAIL_FROM,
        maxAge: 3600,
        normalizeIdentifier: normalizeAddress,
        sendVerificationRequest: ({ identifier, url }) => sendSignInMail(identifier, linkForLetter(url)),
      }),
      ...(GITHUB_ID && GITHUB_SECRET ? [GitHubProvider({ clientId: GITHUB_ID, clientSecret: GITHUB_SECRET })] : []),
      ...(GOOGLE_CLIENT_ID && GOOGLE_CLIENT_SECRET
        ? [GoogleProvider({ clientId: GOOGLE_CLIENT_ID, clientSecret: GOOGLE_CLIENT_SECRET })]
        : []),
    ],
    callbacks: {
      // Called for the request for a link and for the sign-in itself; only the first is limited.
      signIn: async ({ account, email }) =>
        email?.verificationRequest !== true || account === null || maySendLink(account.providerAccountId),
      redirect: ({ url, baseUrl }) => {
        // Only back into this site: an open redirect would lend its name to phishing.
        if (url.startsWith('/') && !url.startsWith('//') && !url.startsWith('/\\')) return `${baseUrl}${url}`;
        return URL.canParse(url) && new URL(url).origin === baseUrl ? url : baseUrl;
      },
    },
    events: {
      signIn: async ({ user }) => {
        if (user.email) await onSignIn({ id: user.id, email: user.email, name: user.name ?? null });
      },
    },
  };
}

/** Prisma's adapter with our ids, and one valid sign-in link an address. */
function adapter(): Adapter {
  const base = PrismaAdapter(db()) as Adapter;
  return {
    ...base,
    createVerificationToken: keepLinkToken,
    useVerificationToken: useLinkToken,
    createUser: async (user: {
      name?: string | null;
      email: string;
      emailVerified: Date | null;
      image?: string | null;
    }) =>
      db().user.create({
        data: {
          id: newId(),
          email: user.email,
          name: user.name ?? null,
          emailVerified: user.emailVerified,
          image: user.image ?? null,
        },
      }),
    createSession: async (session: { sessionToken: string; userId: string; expires: Date }) =>
      db().session.create({ data: { id: newId(), ...session } }),
    // A browser still holds the token of a session that was ended elsewhere: signing in again replaces it.
    deleteSession: async (sessionToken: string) => {
      await db().session.deleteMany({ where: { sessionToken } });
    },
    linkAccount: async (account: AdapterAccount) => {
      const {
        userId,
        type,
        provider,
        providerAccountId,
        access_token,
        refresh_token,
        expires_at,
        token_type,
        scope,
        id_token,
        session_state,
      } = account;
      await db().account.create({
        data: {
          id: newId(),
          userId,
          type,
          provider,
          providerAccountId,
          access_token: access_token ?? null,
          refresh_token: refresh_token ?? null,
          expires_at: expires_at ?? null,
          token_type: token_type ?? null,
          scope: scope ?? null,
          id_token: id_token ?? null,
          session_state: typeof session_state === 'string' ? session_state : null,
        },
      });
    },
  };
}
