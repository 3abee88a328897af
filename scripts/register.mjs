/**
 * Lets plain Node run the server's TypeScript: `node --import ./scripts/register.mjs file.ts`.
 * `server-only` is a guard for Next's bundler; outside of it (worker, command line, bench) it resolves to nothing.
 */
import { registerHooks } from 'node:module';
import { register } from 'tsx/esm/api';

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === 'server-only') return { url: 'data:text/javascript,', format: 'module', shortCircuit: true };
    return nextResolve(specifier, context);
  },
});
register();
