import 'server-only';
import { openDatabase } from '@/server/platform/db';
import { pendingMigrations } from '@/server/platform/migrate';
import { queueReady } from '@/server/platform/queue';

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

async function firstProblem(): Promise<string | null> {
  try {
    const database = await openDatabase();
    await database.prisma.$queryRaw`SELECT 1`;
    const pending = await pendingMigrations(database);
    if (pending.length > 0) return `migrations not applied: ${pending.join(', ')}`;
    return (await queueReady()) ? null : 'the queue does not answer';
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? 'unknown') : 'unknown';
  }
}
