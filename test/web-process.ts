import 'server-only';
import { createServer } from 'node:http';
import { register } from '@/instrumentation';
import { handleReady } from '@/server/api/http/health-handler';
import '@/server/jobs/start-services';

/**
 * A web process without its pages: started by Next's own hook, it answers every request with what `/api/ready` says. It says
 * when its TypeScript is loaded (a built server has none) and on which port it listens.
 */
Object.assign(process.env, { NEXT_RUNTIME: 'nodejs' });
console.log('loaded');
await register();
const server = createServer((_, response) => {
  handleReady().then(
    async (ready) => response.writeHead(ready.status).end(await ready.text()),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`listens on ${typeof address === 'object' ? address?.port : address}`);
});
