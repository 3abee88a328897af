import 'server-only';
import pg from 'pg';
import { logger } from './logger';

/** First pause before a lost connection is made again, in milliseconds; doubles up to `RETRY_MAX_MS`. */
const RETRY_MS = 200;
const RETRY_MAX_MS = 10_000;

/**
 * One connection that LISTENs on one channel of a native database, outside of the pool because it is held for long. It comes
 * back by itself, with a growing pause. It tells when it is back: what was missed has to be looked for.
 */
export class NoticeListener {
  /** False while there is no connection: readers then rely on the poll. */
  connected = false;
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private failures = 0;
  private closed = false;

  constructor(
    private readonly connectionString: string,
    private readonly channel: string,
    /** Called with a notice's payload, or with null when the connection is there (again): any may have been missed. */
    private readonly onNotice: (payload: string | null) => void,
  ) {
    this.connect();
  }

  private connect(): void {
    const client = new pg.Client({ connectionString: this.connectionString, keepAlive: true });
    this.client = client;
    client.on('notification', ({ payload }) => this.onNotice(payload ?? null));
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, null));
    client
      .connect()
      .then(() => client.query(`LISTEN "${this.channel}"`))
      .then(
        () => {
          this.connected = true;
          this.failures = 0;
          this.onNotice(null);
        },
        (error: unknown) => this.lost(client, error),
      );
  }

  /** Also called a second time for one connection, by its end after its error. */
  private lost(client: pg.Client, error: unknown): void {
    if (this.client !== client || this.closed) return;
    this.client = null;
    this.connected = false;
    if (error !== null)
      logger().warn({ err: error }, `no notices on ${this.channel}: polling until the connection is back`);
    quietly(client.end());
    const pause = Math.min(RETRY_MS * 2 ** this.failures++, RETRY_MAX_MS);
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
