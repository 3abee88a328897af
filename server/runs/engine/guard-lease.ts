import 'server-only';
import { db } from '@/server/platform/db';
import { isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { commandsOf } from '@/server/runs/stream/event-log';
import { watchStream } from '@/server/runs/stream/resume-stream';
import { RUN_LIMITS } from '@/server/runs/stream/run-limits';
import { holdLease, type Lease, leaseLost } from './lease';

/**
 * Renews the lease and watches for the user's command while steps run: a stop, or a lease that is lost, aborts them.
 * @returns what ends both
 */
export function guardLease({ lease, abort }: { lease: Lease; abort: AbortController }): () => void {
  let renewedAt = performance.now();
  const renewal = setInterval(() => {
    const at = performance.now();
    holdLease(db(), lease).then(
      () => {
        renewedAt = at;
      },
      (error: unknown) => {
        const isLost = isAppError(error) && error.code === 'lease_lost';
        // A database that was away for a moment took nothing: the lease lasts for several renewals.
        if (isLost || performance.now() - renewedAt > RUN_LIMITS.leaseMs) abort.abort(error);
        else logger().warn({ err: error, runId: lease.runId }, 'the lease was not renewed; it is tried again');
      },
    );
  }, RUN_LIMITS.leaseRenewMs);
  const look = () => {
    db()
      .run.findUnique({ where: { id: lease.runId }, select: { command: true, leaseToken: true } })
      .then((row) => {
        if (row?.command === 'stop') abort.abort(new Error('stopped'));
        else if (row?.leaseToken !== lease.token) abort.abort(leaseLost(lease.runId));
      })
      .catch((error: unknown) => logger().warn({ err: error }, 'command not read'));
  };
  const command = setInterval(look, RUN_LIMITS.commandPollMs);
  const unwatch = watchStream(commandsOf(lease.runId), look);
  return () => {
    clearInterval(renewal);
    clearInterval(command);
    unwatch();
  };
}
