import 'server-only';
import { z } from 'zod';
import { Prisma } from '@/prisma/generated/client';
import { type Client, database, db, inTx, type Tx } from '@/server/platform/db';
import { EVENTS_CHANNEL, signalStream } from './resume-stream';
import { RUN_LIMITS } from './run-limits';
import type { EventPayload } from './schema';

export interface EventScope {
  organizationId: string;
  projectId: string;
}

export function streamOf(projectId: string): string {
  return `project:${projectId}`;
}

/**
 * Appends events to the project's stream, in the caller's transaction. Sequence numbers count from 1 in commit order: the
 * project row's lock makes writers take turns, so that a reader never sees a later number first. Rows are locked in one
 * order everywhere: credit balance, project, run. A project that was deleted gets no more events.
 */
export async function appendEvents(tx: Tx, scope: EventScope, payloads: readonly EventPayload[]): Promise<void> {
  if (payloads.length > 0) await tx.$executeRaw(await insertEvents(tx, scope, payloads));
}

/** As `appendEvents`, for a statement of the caller's that does more: takes the writer's turn and gives the INSERT. */
export async function insertEvents(tx: Tx, scope: EventScope, payloads: readonly EventPayload[]): Promise<Prisma.Sql> {
  const stream = streamOf(scope.projectId);
  if (database().pool !== null) {
    // A statement of its own: an INSERT that waited for the lock would count from what it saw before it waited. Embedded,
    // one transaction runs at a time. The notice leaves with the commit, once however many batches it holds.
    await tx.$executeRaw`
      SELECT pg_notify(${EVENTS_CHANNEL}, ${stream}) FROM "Project" WHERE "id" = ${scope.projectId} FOR NO KEY UPDATE`;
  }
  signalStream(stream);
  return Prisma.sql`
    INSERT INTO "RunEvent" ("stream", "seq", "organizationId", "projectId", "kind", "payload")
    SELECT ${stream}, coalesce((SELECT max("seq") FROM "RunEvent" WHERE "stream" = ${stream}), 0) + event.n::int,
      ${scope.organizationId}, ${scope.projectId}, event.payload->>'type', event.payload
    FROM jsonb_array_elements(${JSON.stringify(payloads)}::jsonb) WITH ORDINALITY AS event(payload, n)
    WHERE EXISTS (SELECT 1 FROM "Project" WHERE "id" = ${scope.projectId})`;
}

/** The stream without events on which a run's holder is told of a command. */
export function commandsOf(runId: string): string {
  return `run:${runId}`;
}

/** Tells the holder of the run to look at its row; leaves with the commit. */
export async function signalCommand(tx: Tx, runId: string): Promise<void> {
  if (database().pool !== null) await tx.$executeRaw`SELECT pg_notify(${EVENTS_CHANNEL}, ${commandsOf(runId)})`;
  signalStream(commandsOf(runId));
}

/** Collects a model's text and writes it in batches, each with whatever has to come before the first. */
export class DeltaWriter {
  private pending = '';
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  /** True once anything was written. */
  begun = false;

  constructor(
    private readonly scope: EventScope,
    private readonly messageId: string,
    /** Writes the message's row and gives the event that opens it, in the first batch's transaction. */
    private readonly begin: ((tx: Tx) => Promise<EventPayload[]>) | null = null,
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
    this.writing = this.writing.then(() => this.write(delta)).catch(() => undefined);
  }

  private async write(delta: string): Promise<void> {
    await inTx(async (tx) => {
      const opening = this.begun || this.begin === null ? [] : await this.begin(tx);
      const insert = await insertEvents(tx, this.scope, [
        ...opening,
        { type: 'text-delta', id: this.messageId, delta },
      ]);
      // A message that somebody else has ended (a stop, a takeover) stays as it was ended.
      const isOpen = Prisma.sql`EXISTS (SELECT 1 FROM "Message" WHERE "id" = ${this.messageId} AND "status" = 'streaming')`;
      await tx.$executeRaw`${insert} AND ${isOpen}`;
    });
    this.begun = true;
  }

  /** Writes no more, and waits for what is being written. Call before the transaction that ends the message. */
  async end(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.pending = '';
    await this.writing;
  }
}

/** What people have seen of a message that is being written. */
export async function writtenSoFar(client: Client, projectId: string, messageId: string): Promise<string> {
  const deltas = await client.runEvent.findMany({
    where: { stream: streamOf(projectId), kind: 'text-delta', payload: { path: ['id'], equals: messageId } },
    orderBy: { seq: 'asc' },
    select: { payload: true },
  });
  return deltas.map(({ payload }) => z.object({ delta: z.string() }).parse(payload).delta).join('');
}

/** Deletes the pieces of messages that have ended: their `text-end` holds the whole. @returns rows deleted. */
export async function compactEvents(projectId: string): Promise<number> {
  return db().$executeRaw`
    DELETE FROM "RunEvent" d WHERE d."stream" = ${streamOf(projectId)} AND d."kind" = 'text-delta' AND EXISTS (
      SELECT 1 FROM "RunEvent" e WHERE e."stream" = d."stream" AND e."kind" = 'text-end' AND e."payload"->>'id' = d."payload"->>'id' AND e."seq" > d."seq")`;
}
