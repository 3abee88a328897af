import 'server-only';
import { env, localSignInAllowed } from '@/server/platform/env';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a request was addressed to this instance. Matters where local sign-in is on: a page of another site whose name
 * was pointed at this machine (DNS rebinding) would read the mailbox, and have links made that lead to itself. Elsewhere
 * links are made from APP_URL and nobody's letters are shown, so any name will do.
 */
export function trustedHost(headers: Headers): boolean {
  if (!localSignInAllowed()) return true;
  const { APP_URL } = env();
  const own = APP_URL === undefined ? null : new URL(APP_URL).host;
  // next-auth prefers the forwarded name; a proxy's list counts as a name nobody has.
  const names = [headers.get('host'), headers.get('x-forwarded-host') ?? headers.get('host')];
  return names.every((name) => name !== null && (name.toLowerCase() === own || isLoopbackName(name)));
}

function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '');
  return LOOPBACK.has(name);
}
