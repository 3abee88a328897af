import 'server-only';
import { z } from 'zod';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { rollbackProject } from '@/server/projects/rollback-project';
import { diffSnapshots, listFiles, readFile } from '@/server/workspace/snapshots';
import { memberProcedure, router } from '../trpc';
import { actorOf, projectInput } from './shared';

const snapshotId = z.string().max(64);

/** The asked snapshot, or the head. @throws AppError `not_found` when it is not this project's. */
async function snapshotOf(
  organizationId: string,
  projectId: string,
  asked: string | undefined,
): Promise<string | null> {
  const project = await db().project.findFirst({
    where: { id: projectId, organizationId },
    select: { headSnapshotId: true },
  });
  if (project === null) throw notFound('Project');
  if (asked === undefined) return project.headSnapshotId;
  if ((await db().snapshot.count({ where: { id: asked, projectId, organizationId } })) === 0)
    throw notFound('Snapshot');
  return asked;
}

export const filesRouter = router({
  tree: memberProcedure
    .input(projectInput.extend({ snapshotId: snapshotId.optional() }))
    .query(async ({ ctx, input }) => {
      const { organizationId } = ctx.caller;
      const id = await snapshotOf(organizationId, input.projectId, input.snapshotId);
      return { snapshotId: id, files: id === null ? [] : await listFiles(db(), { organizationId, snapshotId: id }) };
    }),
  read: memberProcedure
    .input(projectInput.extend({ snapshotId: snapshotId.optional(), path: z.string().max(400) }))
    .query(async ({ ctx, input }) => {
      const { organizationId } = ctx.caller;
      const id = await snapshotOf(organizationId, input.projectId, input.snapshotId);
      if (id === null) throw notFound('File');
      const content = await readFile(db(), { organizationId, snapshotId: id }, input.path);
      return {
        path: input.path,
        content,
        size: Buffer.byteLength(content),
        binary: content.includes('\0'),
        language: input.path.slice(input.path.lastIndexOf('.') + 1),
      };
    }),
  snapshots: memberProcedure.input(projectInput).query(async ({ ctx, input }) => {
    const { organizationId } = ctx.caller;
    const head = await snapshotOf(organizationId, input.projectId, undefined);
    const rows = await db().snapshot.findMany({
      where: { projectId: input.projectId, organizationId },
      orderBy: { seq: 'desc' },
      take: 200,
    });
    return rows.map(({ id, label, createdAt, fileCount, totalBytes, parentId }) => ({
      id,
      label,
      createdAt,
      fileCount,
      totalBytes: Number(totalBytes),
      parentId,
      isHead: id === head,
    }));
  }),
  diff: memberProcedure
    .input(projectInput.extend({ from: snapshotId.nullable(), to: snapshotId }))
    .query(async ({ ctx, input }) => {
      const { organizationId } = ctx.caller;
      for (const id of [input.from, input.to]) if (id !== null) await snapshotOf(organizationId, input.projectId, id);
      return { files: await diffSnapshots(db(), organizationId, input.from, input.to) };
    }),
  rollback: memberProcedure.input(projectInput.extend({ snapshotId })).mutation(async ({ ctx, input }) => ({
    snapshotId: await rollbackProject(actorOf(ctx.caller, input), input.snapshotId),
  })),
});
