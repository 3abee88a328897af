import 'server-only';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { Client } from '@/server/platform/db';
import { postgresBlobs } from './blobs';
import { collidesWithArchive, pathProblem } from './edits/paths';
import { readTree, type SnapshotRef } from './snapshots';

/**
 * Bytes of file contents fetched and held at once while the archive streams. The embedded database reads on the main
 * thread, some 20 ms a megabyte: this bounds how long everybody else waits (docs/decisions/0009).
 */
const BATCH_BYTES = 512 * 1024;

/** Entries carry one fixed time, so that equal snapshots give equal bytes. */
const ENTRY_TIME = new Date('2026-01-01T00:00:00Z');

/**
 * A ZIP of a snapshot with extra text files, as a stream. Contents are fetched in batches as the reader takes them, never
 * whole in memory. Destroying the stream ends the fetching too. Fails before the first byte when the snapshot is not the
 * organization's.
 * @param folder one folder at the top that holds everything; empty: none.
 * @throws AppError `not_found`
 */
export async function openArchive(
  client: Client,
  ref: SnapshotRef,
  extra: ReadonlyMap<string, string>,
  folder = '',
): Promise<Readable> {
  const tree = await readTree(client, ref);
  // A project's plan.md, or a folder of that name, would stand in the way of PLAN.md on many systems.
  const entries = [...tree].filter(([path]) => !collidesWithArchive(path) && pathProblem(path) === null);
  const zip = new ZipFile();
  const output = new PassThrough({ highWaterMark: 256 * 1024 });
  // yazl reports what goes wrong with an entry on itself, where nobody listening would end the process.
  zip.on('error', (error: unknown) => output.destroy(error instanceof Error ? error : new Error(String(error))));
  // When either side ends early the other is destroyed too: nothing half compressed waits for a reader who went away.
  pipeline(zip.outputStream, output, () => undefined);
  const options = { mtime: ENTRY_TIME, mode: 0o100644, forceDosTimestamp: true };
  const at = (path: string) => (folder === '' ? path : `${folder}/${path}`);
  for (const [path, content] of extra) zip.addBuffer(Buffer.from(content), at(path), options);
  const reader = batchReader(client, ref.organizationId, entries);
  for (const [index, [path, { size }]] of entries.entries()) {
    zip.addReadStreamLazy(at(path), { ...options, size }, (give) => {
      reader(index).then(
        (content) => give(null, Readable.from(content.length === 0 ? [] : [content], { objectMode: false })),
        (error: unknown) => give(error instanceof Error ? error : new Error(String(error)), Readable.from([])),
      );
    });
  }
  zip.end();
  return output;
}

type Entry = [path: string, file: { sha256: string; size: number }];

/** yazl asks for one entry at a time, in order: the next ones are fetched together up to the batch size. */
function batchReader(client: Client, organizationId: string, entries: Entry[]): (index: number) => Promise<Buffer> {
  let batch = new Map<string, Buffer>();
  return async (index) => {
    const sha256 = entries[index]?.[1].sha256 ?? '';
    const ready = batch.get(sha256);
    if (ready !== undefined) return ready;
    const wanted: string[] = [];
    let bytes = 0;
    for (let i = index; i < entries.length && (bytes === 0 || bytes < BATCH_BYTES); i++) {
      const file = entries[i]?.[1];
      if (file === undefined) break;
      wanted.push(file.sha256);
      bytes += file.size;
    }
    batch = await postgresBlobs.getMany(client, organizationId, wanted);
    const content = batch.get(sha256);
    if (content === undefined) throw new Error(`content ${sha256} is missing`);
    return content;
  };
}

/** A file name that is safe in a header and on every system. */
export function safeArchiveName(title: string): string {
  const bare = title
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 60);
  return `${bare === '' || pathProblem(bare) !== null ? 'project' : bare}.zip`;
}
