import 'server-only';
import { openDatabase } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { pendingMigrations } from '@/server/platform/migrate';
import { queueReady } from '@/server/platform/queue';

/** Milliseconds each part has to answer in: a probe cannot wait for a server that hangs. */
const ANSWER_MS = 5000;

/** The process is up. */
export function handleHealth(): Response {
  return Response.json({ status: 'ok' });
}

/** Database, migrations and queue answer; 503 with the reason otherwise. */
export async function handleReady(): Promise<Response> {
  const reason = await firstProblem();
  return reason === null
    ? Response.json({ status: 'ready' })
    : Response.json({ status: 'not ready', reason }, { status: 503 });
}

/** Each part, what is said when it fails, and a question that ends in null when all is well. */
const PARTS: [failure: string, ask: () => Promise<string | null>][] = [
  [
    'the database does not answer',
    async () => {
      await (await openDatabase()).prisma.$queryRaw`SELECT 1`;
      return null;
    },
  ],
  [
    'the migrations cannot be read',
    async () => {
      const pending = await pendingMigrations(await openDatabase());
      return pending.length === 0 ? null : `migrations not applied: ${pending.join(', ')}`;
    },
  ],
  ['the queue does not answer', async () => ((await queueReady()) ? null : 'the queue lacks its job types')],
];

async function firstProblem(): Promise<string | null> {
  for (const [failure, ask] of PARTS) {
    try {
      const problem = await within(ANSWER_MS, ask());
      if (problem !== null) return problem;
    } catch (error) {
      // The reason is public: what the driver said, with addresses and names, is for the log.
      logger().warn({ err: error }, `not ready: ${failure}`);
      return isAppError(error) ? `${failure}: ${error.userMessage}` : failure;
    }
  }
  return null;
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
