import 'server-only';
import { structuredPatch } from 'diff';
import { z } from 'zod';
import type { Client, Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { postgresBlobs, sha256Of } from './blobs';
import { DEFAULT_LIMITS, pathProblem, treeProblems } from './edits/paths';
import type { DiffHunk, FileDiff, FileEntry } from './schema';

const treeSchema = z.record(z.string(), z.object({ sha256: z.string(), size: z.number() }));
export type Tree = Map<string, { sha256: string; size: number }>;

export interface CreateSnapshotInput {
  organizationId: string;
  projectId: string;
  parentId: string | null;
  /** Path to new content, null removes. Applied to the parent's tree. */
  changes: ReadonlyMap<string, string | null>;
  madeByStep?: string | null;
  label: string;
}

/**
 * Writes a new immutable tree on top of its parent. An unchanged tree returns the parent itself (`changed: false`).
 * @throws AppError `edit_refused` when a path or a size is not allowed.
 */
export async function createSnapshot(
  tx: Tx,
  input: CreateSnapshotInput,
): Promise<{ snapshotId: string; changed: boolean }> {
  const { organizationId, projectId, parentId } = input;
  const tree: Tree = parentId === null ? new Map() : await readTree(tx, { organizationId, snapshotId: parentId });
  const writes = [...input.changes].filter((entry): entry is [string, string] => entry[1] !== null);
  for (const [path] of writes) {
    const problem = pathProblem(path);
    if (problem !== null) throw new AppError('edit_refused', `${JSON.stringify(path)}: ${problem}`);
  }
  const contents = writes.map(([, content]) => Buffer.from(content));
  const hashes = await postgresBlobs.putMany(tx, organizationId, contents);
  for (const [path, content] of input.changes) if (content === null) tree.delete(path);
  for (const [i, [path]] of writes.entries())
    tree.set(path, { sha256: hashes[i] ?? '', size: contents[i]?.length ?? 0 });
  const [refusal] = treeProblems(tree, DEFAULT_LIMITS);
  if (refusal !== undefined) throw new AppError('edit_refused', refusal.message);
  return insertTree(tx, {
    organizationId,
    projectId,
    parentId,
    tree,
    label: input.label,
    madeByStep: input.madeByStep ?? null,
  });
}

interface InsertTree {
  organizationId: string;
  projectId: string;
  parentId: string | null;
  tree: Tree;
  label: string;
  madeByStep: string | null;
}

async function insertTree(tx: Tx, input: InsertTree): Promise<{ snapshotId: string; changed: boolean }> {
  const { tree, parentId, ...rest } = input;
  const sorted = [...tree].sort(([a], [b]) => (a < b ? -1 : 1));
  const treeHash = sha256Of(sorted.map(([path, { sha256 }]) => `${sha256} ${path}\n`).join(''));
  if (parentId !== null) {
    const parent = await tx.snapshot.findFirst({
      where: { id: parentId, organizationId: input.organizationId },
      select: { treeHash: true },
    });
    if (parent?.treeHash === treeHash) return { snapshotId: parentId, changed: false };
  }
  const id = newId();
  const totalBytes = sorted.reduce((sum, [, { size }]) => sum + size, 0);
  await tx.snapshot.create({
    data: {
      ...rest,
      id,
      parentId,
      tree: Object.fromEntries(sorted),
      treeHash,
      fileCount: sorted.length,
      totalBytes: BigInt(totalBytes),
    },
  });
  return { snapshotId: id, changed: true };
}

export interface SnapshotRef {
  organizationId: string;
  snapshotId: string;
}

/** Paths with hash and size, sorted. @throws AppError `not_found` */
export async function readTree(client: Client, { organizationId, snapshotId }: SnapshotRef): Promise<Tree> {
  const row = await client.snapshot.findFirst({ where: { id: snapshotId, organizationId }, select: { tree: true } });
  if (row === null) throw notFound('Snapshot');
  return new Map(Object.entries(treeSchema.parse(row.tree)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All files as text. */
export async function readFiles(
  client: Client,
  ref: SnapshotRef,
  paths?: readonly string[],
): Promise<Map<string, string>> {
  const tree = await readTree(client, ref);
  const wanted = [...tree].filter(([path]) => paths === undefined || paths.includes(path));
  const blobs = await postgresBlobs.getMany(
    client,
    ref.organizationId,
    wanted.map(([, { sha256 }]) => sha256),
  );
  return new Map(wanted.map(([path, { sha256 }]) => [path, blobs.get(sha256)?.toString('utf8') ?? '']));
}

export async function listFiles(client: Client, ref: SnapshotRef): Promise<FileEntry[]> {
  return [...(await readTree(client, ref))].map(([path, { sha256, size }]) => ({ path, sha256, size }));
}

/** @throws AppError `not_found` */
export async function readFile(client: Client, ref: SnapshotRef, path: string): Promise<string> {
  const content = (await readFiles(client, ref, [path])).get(path);
  if (content === undefined) throw notFound('File');
  return content;
}

/** Makes the tree of an earlier snapshot the newest again; history stays. */
export async function rollbackTo(
  tx: Tx,
  input: { organizationId: string; projectId: string; headId: string | null; snapshotId: string },
): Promise<{ snapshotId: string; changed: boolean }> {
  const target = await tx.snapshot.findFirst({
    where: { id: input.snapshotId, organizationId: input.organizationId, projectId: input.projectId },
    select: { label: true },
  });
  if (target === null) throw notFound('Snapshot');
  const tree = await readTree(tx, input);
  const { organizationId, projectId, headId } = input;
  return insertTree(tx, {
    organizationId,
    projectId,
    parentId: headId,
    tree,
    label: `Rolled back to: ${target.label}`,
    madeByStep: null,
  });
}

/** Past this many changed lines a file is shown as replaced: the exact difference takes quadratic time (Myers 1986). */
const MAX_EDIT_LENGTH = 3000;

function wholeFile(old: string, now: string): DiffHunk {
  const linesOf = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
  const [before, after] = [linesOf(old), linesOf(now)];
  return {
    oldStart: before.length === 0 ? 0 : 1,
    oldLines: before.length,
    newStart: after.length === 0 ? 0 : 1,
    newLines: after.length,
    lines: [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)],
  };
}

/** Files whose lines are compared in one answer; of the others it says only that they differ. */
const MAX_COMPARED_FILES = 200;

/**
 * Differences between two snapshots of one organization; `from` null is the empty tree. Every file that differs is listed;
 * past `maxCompared` without its lines, and then it says so (`truncated`). @throws AppError `not_found`
 */
export async function diffSnapshots(
  client: Client,
  organizationId: string,
  from: string | null,
  to: string,
  maxCompared = MAX_COMPARED_FILES,
): Promise<FileDiff[]> {
  const before: Tree = from === null ? new Map() : await readTree(client, { organizationId, snapshotId: from });
  const after = await readTree(client, { organizationId, snapshotId: to });
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changed = paths.filter((path) => before.get(path)?.sha256 !== after.get(path)?.sha256);
  const compared = new Set(changed.slice(0, maxCompared));
  const hashes = [...compared]
    .flatMap((path) => [before.get(path)?.sha256, after.get(path)?.sha256])
    .filter((hash) => hash !== undefined);
  const blobs = await postgresBlobs.getMany(client, organizationId, hashes);
  const textOf = (tree: Tree, path: string) => blobs.get(tree.get(path)?.sha256 ?? '')?.toString('utf8') ?? '';
  return changed.map((path): FileDiff => {
    const status = !before.has(path) ? 'added' : after.has(path) ? 'changed' : 'removed';
    if (!compared.has(path)) return { path, status, additions: 0, deletions: 0, hunks: [], truncated: true };
    const hunks = hunksOf(path, textOf(before, path), textOf(after, path));
    const lines = hunks.flatMap((hunk) => hunk.lines);
    const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
    return { path, status, additions: count('+'), deletions: count('-'), hunks, truncated: false };
  });
}

function hunksOf(path: string, old: string, now: string): DiffHunk[] {
  const patch = structuredPatch(path, path, old, now, '', '', { context: 3, maxEditLength: MAX_EDIT_LENGTH });
  return (patch?.hunks ?? [wholeFile(old, now)]).map(({ oldStart, oldLines, newStart, newLines, lines }) => ({
    oldStart,
    oldLines,
    newStart,
    newLines,
    lines,
  }));
}
