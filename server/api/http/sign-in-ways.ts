import 'server-only';
import { env, localSignInAllowed } from '@/server/platform/env';

/** Which ways to sign in this instance offers. */
export function signInWays(): { local: boolean; github: boolean; google: boolean } {
  const { GITHUB_ID, GOOGLE_CLIENT_ID, SMTP_URL } = env();
  return {
    local: SMTP_URL === undefined && localSignInAllowed(),
    github: GITHUB_ID !== undefined,
    google: GOOGLE_CLIENT_ID !== undefined,
  };
}
