import 'server-only';
import { db } from '@/server/platform/db';
import { readFiles, type SnapshotRef } from '@/server/workspace/snapshots';

/**
 * Reads the files of snapshots for the steps of one run and keeps the last: a snapshot never changes, and what one step
 * wrote or checked the next one reads.
 */
export class SnapshotFiles {
  private last: { snapshotId: string; organizationId: string; files: ReadonlyMap<string, string> } | null = null;

  /** Path to text. @throws AppError `not_found` */
  async read({ organizationId, snapshotId }: SnapshotRef): Promise<ReadonlyMap<string, string>> {
    if (this.last?.snapshotId === snapshotId && this.last.organizationId === organizationId) return this.last.files;
    const files = await readFiles(db(), { organizationId, snapshotId });
    this.last = { organizationId, snapshotId, files };
    return files;
  }
}
