import 'server-only';
import { inTx } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';
import { appendEvents, signalCommand } from '@/server/runs/stream/event-log';
import { type Actor, latestRun, ownProject, requeue, scopeOf } from './actor';
import { dispatchRun } from './dispatch';
import { moveProject } from './transitions';

/** Stop or pause, as a persisted command that the worker honours at the next safe point. */
export async function commandRun(actor: Actor, command: 'stop' | 'pause'): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    await appendEvents(tx, scopeOf(actor), [
      {
        type: 'data-status',
        status: project.status,
        reason: command === 'stop' ? 'Stopping…' : 'Pausing after this step…',
      },
    ]);
    const { id } = await latestRun(tx, actor);
    const { count } = await tx.run.updateMany({
      where: { id, status: { in: ['running', 'queued'] } },
      data: { command },
    });
    if (count === 0)
      throw new AppError('wrong_status', 'nothing is running', {
        userMessage: 'Nothing is running now. Reload the page to see where the project stands.',
      });
    await signalCommand(tx, id);
    // Queued, perhaps until much later: somebody has to read the command now. Asked after the update, which holds the row.
    const run = await latestRun(tx, actor);
    if (run.status === 'queued') await dispatchRun(tx, run);
  });
}

/** Goes on with the same run after stop, pause, failure, or missing credits. */
export async function resumeRun(actor: Actor): Promise<void> {
  await inTx(async (tx) => {
    const project = await ownProject(tx, actor);
    const run = await latestRun(tx, actor);
    if (!['paused', 'awaiting_credits', 'failed'].includes(project.status))
      throw new AppError('wrong_status', 'the project is not paused');
    if (run.status === 'failed')
      throw new AppError('wrong_status', 'the run has ended', {
        userMessage: 'This run has ended. Ask for a change to go on.',
      });
    const to = project.resumeStatus ?? (run.kind === 'design' ? 'planning' : 'implementing');
    await moveProject(tx, { ...scopeOf(actor), to });
    await requeue(tx, run, actor);
  });
}
