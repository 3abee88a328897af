import 'server-only';
import pg from 'pg';
import { logger } from '@/server/platform/logger';
import { RUN_LIMITS } from './run-limits';

/** Notices of committed events; the payload is the stream's name. */
export const EVENTS_CHANNEL = 'plumbline_events';

/**
 * A process's one connection that LISTENs, outside of the pool because it is held for long. It comes back by itself, with a
 * growing pause; what was missed meanwhile is caught up by waking every reader.
 */
export class StreamListener {
  /** False while there is no connection: readers then rely on the poll. */
  connected = false;
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private failures = 0;
  private closed = false;

  constructor(
    private readonly connectionString: string,
    /** Called with the stream that grew, or null when any may have. */
    private readonly onGrown: (stream: string | null) => void,
  ) {
    this.connect();
  }

  private connect(): void {
    const client = new pg.Client({ connectionString: this.connectionString, keepAlive: true });
    this.client = client;
    client.on('notification', ({ payload }) => this.onGrown(payload ?? null));
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, null));
    client
      .connect()
      .then(() => client.query(`LISTEN ${EVENTS_CHANNEL}`))
      .then(
        () => {
          this.connected = true;
          this.failures = 0;
          this.onGrown(null);
        },
        (error: unknown) => this.lost(client, error),
      );
  }

  /** Also called a second time for one connection, by its end after its error. */
  private lost(client: pg.Client, error: unknown): void {
    if (this.client !== client || this.closed) return;
    this.client = null;
    this.connected = false;
    if (error !== null) logger().warn({ err: error }, 'no notices of new events: polling until the connection is back');
    quietly(client.end());
    const pause = Math.min(RUN_LIMITS.listenRetryMs * 2 ** this.failures++, RUN_LIMITS.listenRetryMaxMs);
    this.retry = setTimeout(() => this.connect(), pause);
    this.retry.unref();
  }

  close(): void {
    this.closed = true;
    this.connected = false;
    if (this.retry !== null) clearTimeout(this.retry);
    if (this.client !== null) quietly(this.client.end());
    this.client = null;
  }
}

/** Nothing is left to do for a connection that cannot even be closed. */
function quietly(ending: Promise<void>): void {
  ending.catch((error: unknown) => logger().debug({ err: error }, 'listening connection closed badly'));
}
