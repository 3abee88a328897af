import 'server-only';
import type { Readable } from 'node:stream';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { planSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { notFound } from '@/server/platform/errors';
import { openArchive, safeArchiveName } from '@/server/workspace/archive';
import { sha256Of } from '@/server/workspace/blobs';
import { collidesWithArchive, MANIFEST_FILE, PLAN_FILE } from '@/server/workspace/edits/paths';
import type { Manifest } from '@/server/workspace/manifest';
import { selectSandbox } from '@/server/workspace/sandbox/select-sandbox';
import { listFiles } from '@/server/workspace/snapshots';
import { viewProject } from './view-project';

interface ArchiveInput {
  organizationId: string;
  projectId: string;
  /** Null: the head. */
  snapshotId: string | null;
}

/** What a download holds: the files, PLAN.md and the manifest. Everything fallible happens before the stream. @throws AppError `not_found` */
export async function buildArchive(
  input: ArchiveInput,
): Promise<{ filename: string; manifest: Manifest; open(): Promise<Readable> }> {
  const { organizationId, projectId } = input;
  const view = await viewProject({ organizationId, projectId });
  const id = input.snapshotId ?? view.project.headSnapshotId;
  const snapshot = id === null ? null : await db().snapshot.findFirst({ where: { id, organizationId, projectId } });
  if (snapshot === null) throw notFound('Snapshot');
  const files = await listFiles(db(), { organizationId, snapshotId: snapshot.id });
  const held = await tasksIn(view, snapshot.id);
  const plan = planOf(view, held);
  const extra = new Map<string, string>();
  if (plan !== null) extra.set(PLAN_FILE, plan);
  const manifest = await manifestOf(view, { snapshot, held }, [
    ...files.filter(({ path }) => !collidesWithArchive(path)),
    ...[...extra].map(([path, content]) => ({ path, sha256: sha256Of(content), size: Buffer.byteLength(content) })),
  ]);
  extra.set(MANIFEST_FILE, `${JSON.stringify(manifest, null, 2)}\n`);
  return {
    filename: safeArchiveName(view.project.title),
    manifest,
    open: () => openArchive(db(), { organizationId, snapshotId: snapshot.id }, extra),
  };
}

type View = Awaited<ReturnType<typeof viewProject>>;

/**
 * Ids of the tasks whose finished work is in a snapshot: those reviewed on it or on one it was made from. Null: the head, which
 * holds what the project says now.
 */
async function tasksIn(view: View, snapshotId: string): Promise<ReadonlySet<string> | null> {
  if (snapshotId === view.project.headSnapshotId) return null;
  const rows = await db().$queryRaw<{ taskId: string }[]>`
    WITH RECURSIVE line AS (
      SELECT "id", "parentId" FROM "Snapshot" WHERE "id" = ${snapshotId} AND "projectId" = ${view.project.id}
      UNION SELECT s."id", s."parentId" FROM "Snapshot" s JOIN line ON s."id" = line."parentId" WHERE s."projectId" = ${view.project.id}
    )
    SELECT DISTINCT r."taskId" FROM "Review" r JOIN line ON line."id" = r."snapshotId" JOIN "Task" t ON t."id" = r."taskId"
    WHERE r."projectId" = ${view.project.id} AND (r."status" = 'APPROVED' OR t."status" = 'accepted')`;
  return new Set(rows.map(({ taskId }) => taskId));
}

function planOf(view: View, held: ReadonlySet<string> | null): string | null {
  if (view.plan === null) return null;
  const done = view.tasks
    .filter(({ id, status }) => (status === 'approved' || status === 'accepted') && (held?.has(id) ?? true))
    .map(({ key }) => key);
  return planToMarkdown(planSchema.parse(view.plan), new Set(done));
}

async function manifestOf(
  view: View,
  { snapshot, held }: { snapshot: { id: string; createdAt: Date }; held: ReadonlySet<string> | null },
  files: Manifest['files'],
): Promise<Manifest> {
  const projectId = view.project.id;
  const checks = await db().checkResult.findMany({
    where: { projectId, snapshotId: snapshot.id },
    orderBy: { createdAt: 'asc' },
  });
  const calls = await db().modelCall.groupBy({
    by: ['role', 'modelRowId', 'promptVersion'],
    where: { projectId, status: 'succeeded' },
    _count: true,
  });
  const execution = await selectSandbox(env().SANDBOX);
  return {
    format: 1,
    project: { id: projectId, title: view.project.title, status: view.project.status },
    snapshot: { id: snapshot.id, createdAt: snapshot.createdAt.toISOString() },
    files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)),
    checks: checks.map(({ kind, command, status, exitCode, durationMs, sandbox, required }) => ({
      kind,
      command,
      status,
      exitCode,
      durationMs,
      sandbox,
      required,
    })),
    execution: checks.some(({ sandbox }) => sandbox === 'bubblewrap')
      ? 'Commands were run in bubblewrap, without network.'
      : (execution.reason ?? 'No command was run on this snapshot.'),
    criteria: view.tasks.flatMap((task) =>
      task.criteria.map(({ id, text, met, evidence }) => ({
        task: task.key,
        id,
        text,
        // What was approved later is no statement about these bytes.
        ...((held?.has(task.id) ?? true)
          ? { status: task.status, met, evidence }
          : { status: 'not part of this snapshot', met: null, evidence: '' }),
      })),
    ),
    models: calls.map(({ role, modelRowId, promptVersion, _count }) => ({
      role,
      model: modelRowId,
      promptVersion,
      calls: _count,
    })),
    cost: { chargedMicro: view.totals.chargedMicro.toString(), absorbedMicro: view.totals.absorbedMicro.toString() },
  };
}
