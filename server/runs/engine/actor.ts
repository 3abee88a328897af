import 'server-only';
import type { Project, Run } from '@/prisma/generated/client';
import type { Tx } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { appendEvents, type EventScope } from '@/server/runs/stream/event-log';
import { ANSWER_KIND, dispatchRun } from './dispatch';
import { moveRun } from './transitions';

/** Who commands which project; every use case below refuses another organization's with `not_found`. */
export interface Actor {
  organizationId: string;
  userId: string | null;
  projectId: string;
}

export async function ownProject(tx: Tx, { organizationId, projectId }: Actor): Promise<Project> {
  const project = await tx.project.findFirst({ where: { id: projectId, organizationId } });
  if (project === null) throw notFound('Project');
  return project;
}

/** The run that designs or builds; answers to questions are none. */
export async function latestRun(tx: Tx, { organizationId, projectId }: Actor): Promise<Run> {
  const run = await tx.run.findFirst({
    where: { organizationId, projectId, kind: { not: ANSWER_KIND } },
    orderBy: { startedAt: 'desc' },
  });
  if (run === null) throw notFound('Run');
  return run;
}

/** Before its run: the order in which everybody locks them. */
export async function lockProject(tx: Tx, { projectId }: EventScope): Promise<void> {
  await tx.$executeRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId} FOR NO KEY UPDATE`;
}

export const scopeOf = ({ organizationId, projectId }: Actor): EventScope => ({ organizationId, projectId });

/** Writes what a person says into the chat. @returns the message's id */
export async function say(tx: Tx, actor: Actor, message: { text: string; purpose: string }): Promise<string> {
  return write(tx, scopeOf(actor), { role: 'user', userId: actor.userId, ...message });
}

/** Writes what the instance says into the chat. @returns the message's id */
export async function tell(
  tx: Tx,
  scope: EventScope,
  message: { text: string; purpose: string; modelLabel?: string },
): Promise<string> {
  return write(tx, scope, { role: 'assistant', ...message });
}

interface Said {
  role: 'user' | 'assistant';
  userId?: string | null;
  text: string;
  purpose: string;
  modelLabel?: string;
}

async function write(tx: Tx, scope: EventScope, message: Said): Promise<string> {
  const id = newId();
  await tx.message.create({ data: { id, ...scope, ...message } });
  await appendEvents(tx, scope, [
    { type: 'text-start', id, role: message.role, purpose: message.purpose, text: message.text },
    {
      type: 'text-end',
      id,
      text: message.text,
      status: 'final',
      costMicro: '0',
      modelLabel: message.modelLabel ?? null,
    },
  ]);
  return id;
}

/** For whom a run's calls are held and booked: who continued it last, for runs from before that was noted their creator. */
export function payerOf({ actingUserId, createdById }: Pick<Run, 'actingUserId' | 'createdById'>): string | null {
  return actingUserId ?? createdById;
}

/** @param base attempts of tasks that earlier runs made: they are not tries of this one. */
export async function startRun(
  tx: Tx,
  actor: Actor,
  kind: 'design' | 'build',
  base: Record<string, number> = {},
): Promise<string> {
  const project = await ownProject(tx, actor);
  const runId = newId();
  await tx.run.create({
    data: {
      id: runId,
      ...scopeOf(actor),
      kind,
      planVersion: project.planVersion,
      createdById: actor.userId,
      actingUserId: actor.userId,
      cursor: { base },
    },
  });
  await dispatchRun(tx, { id: runId, organizationId: actor.organizationId });
  return runId;
}

/** Goes on with a waiting run. From now on it is the actor's: the ledger holds and books for the person who said go on. */
export async function requeue(tx: Tx, run: Run, { userId }: Actor): Promise<void> {
  await moveRun(tx, { runId: run.id, to: 'queued' });
  if (userId !== null) await tx.run.update({ where: { id: run.id }, data: { actingUserId: userId } });
  await dispatchRun(tx, run);
}
