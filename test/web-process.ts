import 'server-only';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { register } from '@/instrumentation';
import { handleReady } from '@/server/api/http/health-handler';
import '@/server/jobs/start-services';
import { isAppError } from '@/server/platform/errors';
import { sendMessage } from '@/server/runs/chat/send-message';
import { stopAnswer } from '@/server/runs/chat/stop-answer';
import { viewChat } from '@/server/runs/chat/view-chat';

/**
 * A web process without its pages: started by Next's own hook, it answers GET with what `/api/ready` says, and does for the
 * person that a POST names what the chat's router does. It says when its TypeScript is loaded (a built server has none) and
 * on which port it listens.
 */
const inputSchema = z.object({
  organizationId: z.string(),
  userId: z.string(),
  projectId: z.string(),
  text: z.string().default(''),
});
type Input = z.infer<typeof inputSchema>;

const ACTIONS: Record<string, (input: Input) => Promise<unknown>> = {
  '/ask': (input) => sendMessage(input, input.text),
  '/stop': stopAnswer,
  '/chat': async (input) => (await viewChat(input)).messages.map(({ text: said, status }) => [status, said]),
};

async function answer(request: IncomingMessage): Promise<Response> {
  if (request.method === 'GET') return handleReady();
  const action = ACTIONS[request.url ?? ''];
  if (action === undefined) return new Response('not found', { status: 404 });
  try {
    return Response.json({ result: (await action(inputSchema.parse(JSON.parse(await text(request))))) ?? null });
  } catch (error) {
    if (isAppError(error)) return Response.json({ refused: error.code });
    throw error;
  }
}

Object.assign(process.env, { NEXT_RUNTIME: 'nodejs' });
console.log('loaded');
await register();
const server = createServer((request, response) => {
  answer(request).then(
    async (said) => response.writeHead(said.status).end(await said.text()),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`listens on ${typeof address === 'object' ? address?.port : address}`);
});
