import 'server-only';
import type { ModelChoice } from '@/server/models/catalog';
import { CAPABILITIES, type Capability } from '@/server/models/schema';
import { inTx } from '@/server/platform/db';
import { say } from './actor';
import type { EventScope } from './event-log';

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
  replaced: NonNullable<ModelChoice['replaced']>,
  change: { from: string; to: string },
): Promise<void> {
  const why = replaced.reason === 'deprecated' ? 'was withdrawn by its provider' : 'cannot be used any more here';
  const text = `${replaced.from} ${why}. This project goes on with ${replaced.to}; you can choose another model in its settings.`;
  await inTx(async (tx) => {
    const { count } = await tx.project.updateMany({
      where: { id: scope.projectId, organizationId: scope.organizationId, modelRef: change.from },
      data: { modelRef: replaced.reason === 'deprecated' ? change.to : null },
    });
    if (count === 0) return;
    await say(tx, scope, { role: 'assistant', text, purpose: 'run' });
  });
}
