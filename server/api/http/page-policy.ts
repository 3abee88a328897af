import 'server-only';
import { env } from '@/server/platform/env';

/** The header by which `proxy.ts` tells the root layout the nonce of this page's scripts. */
export const NONCE = 'x-nonce';

/** What a page may load and run (`Content-Security-Policy`); why styles may be inline: `docs/decisions/0027`. */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'self'",
    // WebAssembly colours code; React's development build evaluates text.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic' 'wasm-unsafe-eval'${env().NODE_ENV === 'development' ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    // What a model wrote must not make the browser ask another site for anything.
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self' https://checkout.stripe.com https://billing.stripe.com",
    "object-src 'none'",
  ].join('; ');
}
