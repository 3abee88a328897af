/** `npm start`: checks the environment, generates, builds if needed, then serves in this one process. */
import { createServer } from 'node:http';
import next from 'next';
import { frontDoor } from '@/server/api/http/front-door';
import { EnvError, env, localSignInAllowed, parseEnv } from '@/server/platform/env';
import { buildApp, generateClient } from './build-inputs';
import { writeMiniLm } from './local-model/write-minilm';

const dev = process.argv.includes('--dev');
Object.assign(process.env, { NODE_ENV: dev ? 'development' : 'production', NEXT_TELEMETRY_DISABLED: '1' });
try {
  parseEnv(process.env);
} catch (error) {
  if (!(error instanceof EnvError)) throw error;
  console.error(error.message);
  process.exit(1);
}
const { PORT, HOST, DATA_DIR, DATABASE_URL, APP_URL } = env();
// next-auth reads its address from the environment; on loopback it follows the address the browser used.
const publicUrl = APP_URL ?? `http://localhost:${PORT}`;
process.env.NEXTAUTH_URL ??= publicUrl;
if (APP_URL === undefined && localSignInAllowed()) {
  delete process.env.NEXTAUTH_URL;
  process.env.AUTH_TRUST_HOST = 'true';
}

generateClient();
await writeMiniLm();
if (!dev && buildApp()) console.log('Built.');
const { acquireOwnerLock } = await import('@/server/platform/owner-lock');
if (DATABASE_URL === undefined) {
  try {
    // Only a look: the database takes the lock for good a moment later. It makes a second start fail at once.
    acquireOwnerLock(DATA_DIR).release();
  } catch (error) {
    console.error(error instanceof Error && 'userMessage' in error ? error.userMessage : error);
    process.exit(1);
  }
}
const app = next({ dev, hostname: HOST, port: PORT, quiet: true });
await app.prepare();
const handler = app.getRequestHandler();
const server = createServer(frontDoor((request, response) => void handler(request, response)));
server.once('error', (error) => {
  console.error(`Plumbline could not listen on ${HOST}:${PORT}: ${error.message}`);
  process.exit(1);
});
server.on('upgrade', app.getUpgradeHandler());
server.listen(PORT, HOST, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : PORT;
  console.log(`\n  Plumbline is ready at http://localhost:${port}`);
  console.log(`  Database: ${DATABASE_URL === undefined ? `embedded, in ${DATA_DIR}` : 'native Postgres'}`);
  console.log(
    localSignInAllowed()
      ? `  Sign in: enter any e-mail address at http://localhost:${port}/sign-in, then open http://localhost:${port}/mailbox for the link\n`
      : `  Sign in: http://localhost:${port}/sign-in (the link comes by mail)\n`,
  );
});
