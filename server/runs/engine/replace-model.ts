import 'server-only';
import type { ModelChoice } from '@/server/models/catalogue/catalogue';
import { CAPABILITIES, type Capability } from '@/server/models/schema';
import { type Client, db, inTx } from '@/server/platform/db';
import type { EventScope } from '@/server/runs/stream/event-log';
import { tell } from './actor';

/** The capability that pays for a step of the run. */
export function capabilityOfStep(step: string): Capability {
  const name = step === 'spec' ? 'plan' : step;
  return CAPABILITIES.find((capability) => capability === name) ?? 'implement';
}

/**
 * The project's own model was withdrawn: it moves on to the successor (or, where there is none, to the default) and the chat
 * says so, once.
 */
export async function moveOffModel(
  scope: EventScope,
  replaced: Replaced,
  change: { from: string; to: string },
): Promise<void> {
  const text = wordsOf(replaced);
  await inTx(async (tx) => {
    const { count } = await tx.project.updateMany({
      where: { id: scope.projectId, organizationId: scope.organizationId, modelRef: change.from },
      data: { modelRef: replaced.reason === 'deprecated' ? change.to : null },
    });
    if (count === 0) return;
    await tell(tx, scope, { text, purpose: 'run' });
  });
}

type Replaced = NonNullable<ModelChoice['replaced']>;

function wordsOf({ from, to, reason }: Replaced): string {
  const why = reason === 'deprecated' ? 'was withdrawn by its provider' : 'cannot be used any more here';
  return `${from} ${why}. This project goes on with ${to}; you can choose another model in its settings.`;
}

/** As `moveOffModel`, for a project that used the default: there is nothing to change, and the chat says so once. */
export async function tellNewDefault(scope: EventScope, replaced: Replaced): Promise<void> {
  const text = wordsOf(replaced);
  const { projectId, organizationId } = scope;
  const told = (client: Client) => client.message.count({ where: { projectId, text } });
  const used = await db().modelCall.count({
    where: { projectId, organizationId, modelRowId: replaced.fromRef, status: 'succeeded' },
  });
  if (used === 0 || (await told(db())) > 0) return;
  await inTx(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId} FOR UPDATE`;
    if ((await told(tx)) === 0) await tell(tx, scope, { text, purpose: 'run' });
  });
}
