import 'server-only';
import { executeWithAIAccess } from '@/server/models/gateway/execute-with-ai-access';
import { setClockOffset } from '@/server/platform/clock';
import { openNative, useDatabase } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';

/** Calls through the door, shared out among the organizations in turn. */
export interface DoorCalls {
  /** The time it is for this process, milliseconds since 1970. */
  at: number;
  organizations: readonly string[];
  calls: number;
}

/**
 * One of the processes of the rate limits' pressure test: `node … rate-worker.ts URL CONNECTIONS`. Goes through the gateway to
 * a model, as many calls at once as it has connections, and answers with the outcomes counted: `ORGANIZATION ok`, or the
 * refusal's code and window in place of `ok`.
 */
const [url = '', connections] = process.argv.slice(2);
useDatabase(openNative(url, Number(connections)));

async function call(organizationId: string): Promise<string> {
  try {
    const { result } = await executeWithAIAccess(
      {
        organizationId,
        userId: null,
        projectId: null,
        runId: null,
        taskId: null,
        stepId: null,
        role: 'ask',
        quality: 'fast',
        promptVersion: 'test-1',
        idempotencyKey: newId(),
      },
      { model: 'demo:demo', inputTokens: 10, outputTokens: () => 10, execute: async () => 'ok' },
    );
    return `${organizationId} ${result}`;
  } catch (error) {
    if (!isAppError(error) || error.code !== 'rate_limited') throw error;
    const seconds = Number(error.details.retryAfterSeconds);
    if (!(seconds > 0)) throw error;
    return `${organizationId} ${error.code} ${String(error.details.per)}`;
  }
}

async function run({ at, organizations, calls }: DoorCalls): Promise<Record<string, number>> {
  setClockOffset(at - Date.now());
  const outcomes: Record<string, number> = {};
  let next = 0;
  const lanes = Array.from({ length: Number(connections) }, async () => {
    while (next < calls) {
      const outcome = await call(organizations[next++ % organizations.length] ?? '');
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  });
  await Promise.all(lanes);
  return outcomes;
}

process.on('message', (work: DoorCalls) => {
  run(work).then(
    (outcomes) => process.send?.({ outcomes }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ outcomes: {} });
