import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Database, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { openArchive } from './archive';
import { postgresBlobs } from './blobs';
import { createSnapshot, type SnapshotRef } from './snapshots';

const FILES = 48;
const FILE_BYTES = 256 * 1024;
/** One batch, and what fits into the streams between it and the reader. */
const MOST_AHEAD = 3 * 1024 * 1024;

let database: Database;
let project: SnapshotRef;
let other: SnapshotRef;
/** Bytes fetched from the database, by organization. */
const fetched = new Map<string, number>();

beforeAll(async () => {
  database = await testDb();
  project = await seedProject();
  other = await seedProject();
});
afterAll(closeTestDb);
beforeEach(() => {
  fetched.clear();
  const getMany = postgresBlobs.getMany.bind(postgresBlobs);
  vi.spyOn(postgresBlobs, 'getMany').mockImplementation(async (client, organizationId, hashes) => {
    const found = await getMany(client, organizationId, hashes);
    const bytes = [...found.values()].reduce((sum, { length }) => sum + length, 0);
    fetched.set(organizationId, (fetched.get(organizationId) ?? 0) + bytes);
    return found;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** 12 MiB that compression makes only a little smaller. */
async function seedProject(): Promise<SnapshotRef> {
  const { organizationId } = await seedOrganization(database);
  const text = () => randomBytes((FILE_BYTES * 3) / 4).toString('base64');
  const changes = new Map(Array.from({ length: FILES }, (_, index) => [`${index}.txt`, text()]));
  const { snapshotId } = await inTx((tx) =>
    createSnapshot(tx, { organizationId, projectId: newId(), parentId: null, changes, label: 'test' }),
  );
  return { organizationId, snapshotId };
}

const open = (ref: SnapshotRef) => openArchive(database.prisma, ref, new Map([['PLAN.md', '# Plan\n']]));

/** As long as a whole archive takes: what would run ahead has had the time to. @returns packed bytes a byte. */
async function letTimePass(): Promise<number> {
  fetched.delete(other.organizationId);
  const packed = await buffer(await open(other));
  expect(fetched.get(other.organizationId)).toBe(FILES * FILE_BYTES);
  return packed.length / (FILES * FILE_BYTES);
}

/** A stream of which one piece was read, as the route reads it. */
async function begin() {
  const stream = await open(project);
  const reader = Readable.toWeb(stream).getReader();
  expect((await reader.read()).done).toBe(false);
  return { stream, reader };
}

describe('an archive that is being read', () => {
  it('fetches no more than a little ahead of its reader, however slow that is', async () => {
    const { reader } = await begin();
    for (let read = 0, ended = false; !ended; ) {
      const ratio = await letTimePass();
      const ahead = (fetched.get(project.organizationId) ?? 0) - read / ratio;
      expect(ahead).toBeLessThan(MOST_AHEAD);
      // Three megabytes at once, then time passes again.
      for (const stop = read + MOST_AHEAD; read < stop && !ended; ) {
        const { done, value } = await reader.read();
        ended = done;
        read += value instanceof Uint8Array ? value.length : 0;
      }
    }
    expect(fetched.get(project.organizationId)).toBe(FILES * FILE_BYTES);
  });

  it('stops fetching when its reader goes away, and is let go of', async () => {
    const { gone, after } = await (async () => {
      const { stream, reader } = await begin();
      await reader.cancel();
      expect(stream.destroyed).toBe(true);
      return { gone: new WeakRef(stream), after: fetched.get(project.organizationId) ?? 0 };
    })();
    await letTimePass();
    // What was under way when the reader left may still arrive.
    expect(fetched.get(project.organizationId) ?? 0).toBeLessThanOrEqual(after + 2 * FILE_BYTES);
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    await expect
      .poll(
        () => {
          collectGarbage();
          return gone.deref();
        },
        { timeout: 10_000 },
      )
      .toBeUndefined();
  });
});
