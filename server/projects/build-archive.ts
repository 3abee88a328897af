import 'server-only';
import type { Readable } from 'node:stream';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { planSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { notFound } from '@/server/platform/errors';
import { openArchive, safeArchiveName } from '@/server/workspace/archive';
import { sha256Of } from '@/server/workspace/blobs';
import { collidesWithArchive, collisionKey, MANIFEST_FILE, PLAN_FILE } from '@/server/workspace/edits/paths';
import type { Manifest } from '@/server/workspace/manifest';
import { describeSandbox } from '@/server/workspace/sandbox/select-sandbox';
import { listFiles } from '@/server/workspace/snapshots';
import { viewProject } from './view-project';

interface ArchiveInput {
  organizationId: string;
  projectId: string;
  /** Null: the head. */
  snapshotId: string | null;
  /** Without the folder at the top. */
  flat?: boolean;
}

/**
 * What a download holds: the files, SPEC.md, PLAN.md and the manifest, in one folder named after the project. Everything
 * fallible happens before the stream. @throws AppError `not_found`
 */
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
  // A project that has a file or folder of this name keeps it.
  if (view.spec !== null && !files.some(({ path }) => isSpec(path))) extra.set(SPEC_FILE, withNewline(view.spec));
  if (plan !== null) extra.set(PLAN_FILE, plan);
  const manifest = await manifestOf(view, { snapshot, held }, [
    ...files.filter(({ path }) => !collidesWithArchive(path)),
    ...[...extra].map(([path, content]) => ({ path, sha256: sha256Of(content), size: Buffer.byteLength(content) })),
  ]);
  extra.set(MANIFEST_FILE, `${JSON.stringify(manifest, null, 2)}\n`);
  const filename = safeArchiveName(view.project.title);
  const folder = input.flat === true ? '' : filename.replace(/\.zip$/, '');
  return {
    filename,
    manifest,
    open: () => openArchive(db(), { organizationId, snapshotId: snapshot.id }, extra, folder),
  };
}

const SPEC_FILE = 'SPEC.md';
const isSpec = (path: string) => collisionKey(path.split('/')[0] ?? '') === collisionKey(SPEC_FILE);
const withNewline = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);

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

/** Tasks whose work is in the snapshot, and tasks that were left out. */
function tasksOf(view: View, held: ReadonlySet<string> | null) {
  const done = view.tasks.filter(
    ({ id, status }) => (status === 'approved' || status === 'accepted') && (held?.has(id) ?? true),
  );
  return { done, skipped: view.tasks.filter(({ status }) => status === 'skipped') };
}

function planOf(view: View, held: ReadonlySet<string> | null): string | null {
  if (view.plan === null) return null;
  const { done, skipped } = tasksOf(view, held);
  const keys = (tasks: View['tasks']) => new Set(tasks.map(({ key }) => key));
  return planToMarkdown(planSchema.parse(view.plan), keys(done), keys(skipped));
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
  const { done, skipped } = tasksOf(view, held);
  const execution = await describeSandbox(env().SANDBOX);
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
    tasks: { done: done.length, skipped: skipped.length, total: view.tasks.length },
    models: calls.map(({ role, modelRowId, promptVersion, _count }) => ({
      role,
      model: modelRowId,
      promptVersion,
      calls: _count,
    })),
    cost: { chargedMicro: view.totals.chargedMicro.toString(), absorbedMicro: view.totals.absorbedMicro.toString() },
  };
}
