import 'server-only';
import type { Client } from '@/server/platform/db';
import { db, inTx } from '@/server/platform/db';
import { RUN_LIMITS } from './limits';
import type { EventPayload } from './schema';
import { signalStream } from './tail';

export interface EventScope {
  organizationId: string;
  projectId: string;
}

export function streamOf(projectId: string): string {
  return `project:${projectId}`;
}

/**
 * Appends events to the project's stream, in the caller's transaction. Sequence numbers count from 1 in commit order: the
 * project row's lock makes writers take turns, so that a reader never sees a later number first.
 */
export async function appendEvents(tx: Client, scope: EventScope, payloads: readonly EventPayload[]): Promise<number> {
  if (payloads.length === 0) return 0;
  const stream = streamOf(scope.projectId);
  await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${scope.projectId} FOR UPDATE`;
  const [last] = await tx.$queryRaw<
    { seq: number }[]
  >`SELECT coalesce(max("seq"), 0)::int AS seq FROM "RunEvent" WHERE "stream" = ${stream}`;
  const from = last?.seq ?? 0;
  await tx.runEvent.createMany({
    data: payloads.map((payload, index) => ({
      stream,
      seq: from + index + 1,
      organizationId: scope.organizationId,
      projectId: scope.projectId,
      kind: payload.type,
      payload,
    })),
  });
  signalStream(stream);
  return from + payloads.length;
}

/** Collects a model's text and writes it in batches; `end` waits for the last one. */
export class DeltaWriter {
  private pending = '';
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly scope: EventScope,
    private readonly messageId: string,
  ) {}

  push(text: string): void {
    this.pending += text;
    this.timer ??= setTimeout(() => this.flush(), RUN_LIMITS.deltaBatchMs);
  }

  private flush(): void {
    this.timer = null;
    const delta = this.pending;
    this.pending = '';
    if (delta === '') return;
    // A lost delta is no lost text: the end of the message carries all of it.
    this.writing = this.writing
      .then(() => inTx((tx) => appendEvents(tx, this.scope, [{ type: 'text-delta', id: this.messageId, delta }])))
      .then(() => undefined)
      .catch(() => undefined);
  }

  /** Writes what is left. Call before the transaction that ends the message. */
  async end(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.flush();
    await this.writing;
  }
}

/** Deletes the pieces of messages that have ended: their `text-end` holds the whole. @returns rows deleted. */
export async function compactEvents(projectId: string): Promise<number> {
  return db().$executeRaw`
    DELETE FROM "RunEvent" d WHERE d."stream" = ${streamOf(projectId)} AND d."kind" = 'text-delta' AND EXISTS (
      SELECT 1 FROM "RunEvent" e WHERE e."stream" = d."stream" AND e."kind" = 'text-end' AND e."payload"->>'id' = d."payload"->>'id' AND e."seq" > d."seq")`;
}
