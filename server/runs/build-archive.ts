import 'server-only';
import type { Readable } from 'node:stream';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { planSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { notFound } from '@/server/platform/errors';
import { MANIFEST_FILE, openArchive, PLAN_FILE, safeArchiveName } from '@/server/workspace/archive';
import { sha256Of } from '@/server/workspace/blobs';
import { collisionKey } from '@/server/workspace/edits/paths';
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
  const plan = planOf(view);
  const extra = new Map<string, string>();
  if (plan !== null) extra.set(PLAN_FILE, plan);
  // As in the archive itself: names that are one file on some systems give way.
  const taken = new Set([PLAN_FILE, MANIFEST_FILE].map(collisionKey));
  const manifest = await manifestOf(view, snapshot, [
    ...files.filter(({ path }) => !taken.has(collisionKey(path))),
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

function planOf(view: View): string | null {
  if (view.plan === null) return null;
  const done = view.tasks.filter(({ status }) => status === 'approved' || status === 'accepted').map(({ key }) => key);
  return planToMarkdown(planSchema.parse(view.plan), new Set(done));
}

async function manifestOf(
  view: View,
  snapshot: { id: string; createdAt: Date },
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
        status: task.status,
        met,
        evidence,
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
