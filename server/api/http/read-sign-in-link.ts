import 'server-only';
import { LINK_CALLBACK, linkSchema } from '@/server/auth/sign-in-link';

/** For the page a sign-in letter leads to: whom the link is for and where its button posts to; null for an incomplete link. */
export function readSignInLink(query: Record<string, unknown>): { email: string; action: string } | null {
  const parsed = linkSchema.safeParse(query);
  if (!parsed.success) return null;
  const { email, token, callbackUrl } = parsed.data;
  const fields = { token, email, ...(callbackUrl === undefined ? {} : { callbackUrl }) };
  return { email, action: `${LINK_CALLBACK}?${new URLSearchParams(fields)}` };
}
