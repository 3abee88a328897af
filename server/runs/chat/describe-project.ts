import 'server-only';
import { resolveModel } from '@/server/models/catalogue/catalogue';
import { demoUnknownAnswer, matchDemoProject } from '@/server/models/demo/catalogue';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { type Actor, say, scopeOf, startRun, tell } from '@/server/runs/engine/actor';
import { moveProject } from '@/server/runs/engine/transitions';

/** The demo says plainly what it cannot build, before anything is spent. */
export async function beginDesign(tx: Tx, actor: Actor, model: string, description: string): Promise<void> {
  if (model.startsWith('demo:') && matchDemoProject(description) === null) {
    await tell(tx, scopeOf(actor), {
      text: demoUnknownAnswer(),
      purpose: 'clarify',
      modelLabel: 'Demo model (offline)',
    });
    return;
  }
  await moveProject(tx, { ...scopeOf(actor), to: 'clarifying' });
  await startRun(tx, actor, 'design');
}

/**
 * Replaces the description of a draft and starts its design.
 * @param before happens in the same transaction, or not at all
 * @throws AppError `not_found`, `wrong_status`
 */
export async function describeAgain(actor: Actor, text: string, before: (tx: Tx) => Promise<void>): Promise<void> {
  const current = await db().project.findFirst({
    where: { id: actor.projectId, organizationId: actor.organizationId },
  });
  if (current === null) throw notFound('Project');
  if (current.status !== 'draft') throw new AppError('wrong_status', 'the project is designed already');
  const quality = current.quality;
  const model = await resolveModel(
    { organizationId: actor.organizationId, quality, capability: 'clarify' },
    current.modelRef,
  );
  await inTx(async (tx) => {
    await before(tx);
    await tx.project.update({ where: { id: current.id }, data: { description: text } });
    await say(tx, actor, { text, purpose: 'description' });
    await beginDesign(tx, actor, model, text);
  });
}
