import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import { openArchive, safeArchiveName } from './archive';
import { postgresBlobs, sha256Of } from './blobs';
import { createSnapshot, diffSnapshots, readFile, readFiles, readTree, rollbackTo } from './snapshots';

let database: Database;
let organizationId: string;
let other: string;
const projectId = newId();

beforeAll(async () => {
  database = await testDb();
  ({ organizationId } = await seedOrganization(database));
  ({ organizationId: other } = await seedOrganization(database));
});
afterAll(closeTestDb);

const snapshot = (parentId: string | null, files: Record<string, string | null>, owner = organizationId) =>
  inTx((tx) =>
    createSnapshot(tx, {
      organizationId: owner,
      projectId,
      parentId,
      changes: new Map(Object.entries(files)),
      label: 'test',
    }),
  );

describe('snapshots', () => {
  it('applies changes to the parent and leaves the parent as it was', async () => {
    const first = await snapshot(null, { 'a.txt': 'one\n', 'b/c.txt': 'two\n', 'ü.txt': '' });
    const second = await snapshot(first.snapshotId, { 'a.txt': 'ONE\n', 'b/c.txt': null, 'd.txt': 'new' });
    const read = (snapshotId: string) => readFiles(database.prisma, { organizationId, snapshotId });
    expect(Object.fromEntries(await read(first.snapshotId))).toEqual({
      'a.txt': 'one\n',
      'b/c.txt': 'two\n',
      'ü.txt': '',
    });
    expect(Object.fromEntries(await read(second.snapshotId))).toEqual({
      'a.txt': 'ONE\n',
      'd.txt': 'new',
      'ü.txt': '',
    });
    const tree = await readTree(database.prisma, { organizationId, snapshotId: second.snapshotId });
    expect(tree.get('a.txt')).toEqual({ sha256: sha256Of('ONE\n'), size: 4 });
  });

  it('gives the parent back when nothing changed', async () => {
    const first = await snapshot(null, { 'a.txt': 'one\n' });
    expect(await snapshot(first.snapshotId, { 'a.txt': 'one\n', 'never.txt': null })).toEqual({
      snapshotId: first.snapshotId,
      changed: false,
    });
  });

  it('stores equal contents once, also when written at the same time', async () => {
    const content = `shared ${newId()}`;
    await Promise.all([1, 2, 3].map((n) => snapshot(null, { [`${n}.txt`]: content, 'same.txt': content })));
    expect(await database.prisma.blob.count({ where: { organizationId, sha256: sha256Of(content) } })).toBe(1);
  });

  it('stores more contents than fit into one statement', async () => {
    const files = Object.fromEntries(Array.from({ length: 450 }, (_, i) => [`f/${i}.txt`, `file ${i}\n`]));
    const { snapshotId } = await snapshot(null, files);
    expect(Object.fromEntries(await readFiles(database.prisma, { organizationId, snapshotId }))).toEqual(files);
  });

  it('refuses a path that escapes and writes nothing', async () => {
    const content = `escape ${newId()}`;
    await expect(snapshot(null, { 'ok.txt': content, '../up': 'x' })).rejects.toMatchObject({ code: 'edit_refused' });
    await expect(snapshot(null, { 'A.txt': content, 'a.txt': 'x' })).rejects.toMatchObject({ code: 'edit_refused' });
    expect(await database.prisma.blob.count({ where: { sha256: sha256Of(content) } })).toBe(0);
  });

  it('is not found by another organization', async () => {
    const { snapshotId } = await snapshot(null, { 'a.txt': 'private\n' });
    const ref = { organizationId: other, snapshotId };
    await expect(readTree(database.prisma, ref)).rejects.toMatchObject({ code: 'not_found' });
    await expect(readFile(database.prisma, ref, 'a.txt')).rejects.toMatchObject({ code: 'not_found' });
    await expect(diffSnapshots(database.prisma, other, null, snapshotId)).rejects.toMatchObject({ code: 'not_found' });
    await expect(openArchive(database.prisma, ref, new Map())).rejects.toMatchObject({ code: 'not_found' });
    await expect(snapshot(snapshotId, { b: 'x' }, other)).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      inTx((tx) => rollbackTo(tx, { organizationId: other, projectId, headId: null, snapshotId })),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(await postgresBlobs.getMany(database.prisma, other, [sha256Of('private\n')])).toEqual(new Map());
  });

  it('shows what changed between two, by file and hunk', async () => {
    const first = await snapshot(null, { 'a.txt': '1\n2\n3\n', 'gone.txt': 'x\n', 'same.txt': 'y\n' });
    const second = await snapshot(first.snapshotId, { 'a.txt': '1\nTWO\n3\n', 'gone.txt': null, 'new.txt': 'n\n' });
    expect(await diffSnapshots(database.prisma, organizationId, first.snapshotId, second.snapshotId)).toMatchObject([
      { path: 'a.txt', status: 'changed', additions: 1, deletions: 1, hunks: [{ lines: [' 1', '-2', '+TWO', ' 3'] }] },
      { path: 'gone.txt', status: 'removed', additions: 0, deletions: 1 },
      { path: 'new.txt', status: 'added', additions: 1, deletions: 0 },
    ]);
  });

  it('lists every file that differs, and says of which it does not show the lines', async () => {
    const names = Array.from({ length: 230 }, (_, i) => `f/${String(i).padStart(3, '0')}.txt`);
    const { snapshotId } = await snapshot(null, Object.fromEntries(names.map((name) => [name, `${name}\n`])));
    const diff = await diffSnapshots(database.prisma, organizationId, null, snapshotId);
    expect(diff.map(({ path }) => path)).toEqual(names);
    expect(diff.filter(({ truncated }) => truncated).map(({ path }) => path)).toEqual(names.slice(200));
    expect(diff[199]).toMatchObject({ status: 'added', additions: 1, truncated: false });
    expect(diff[200]).toEqual({
      path: names[200],
      status: 'added',
      additions: 0,
      deletions: 0,
      hunks: [],
      truncated: true,
    });
  });

  it('shows a large rewritten file as replaced, without taking quadratic time', async () => {
    const lines = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word} ${i * 7}\n`).join('');
    const first = await snapshot(null, { 'a.txt': lines('old') });
    const second = await snapshot(first.snapshotId, { 'a.txt': lines('new') });
    const started = Date.now();
    const [diff] = await diffSnapshots(database.prisma, organizationId, first.snapshotId, second.snapshotId);
    expect(diff).toMatchObject({ additions: 20_000, deletions: 20_000 });
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it('rolls back to an earlier tree as a new snapshot', async () => {
    const first = await snapshot(null, { 'a.txt': 'one\n' });
    const second = await snapshot(first.snapshotId, { 'a.txt': 'two\n' });
    const back = await inTx((tx) =>
      rollbackTo(tx, { organizationId, projectId, headId: second.snapshotId, snapshotId: first.snapshotId }),
    );
    expect(back.changed).toBe(true);
    expect([first.snapshotId, second.snapshotId]).not.toContain(back.snapshotId);
    expect(await readFile(database.prisma, { organizationId, snapshotId: back.snapshotId }, 'a.txt')).toBe('one\n');
  });
});

describe('archive', () => {
  const archive = async (snapshotId: string, extra: Record<string, string> = {}) =>
    buffer(await openArchive(database.prisma, { organizationId, snapshotId }, new Map(Object.entries(extra))));
  const unpack = (zip: Buffer): Record<string, string> => {
    const directory = mkdtempSync(join(tmpdir(), 'plumbline-zip-'));
    try {
      writeFileSync(join(directory, 'a.zip'), zip);
      const script =
        'import json,sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps([[n,z.read(n).decode()] for n in z.namelist()]))';
      return Object.fromEntries(
        JSON.parse(execFileSync('python3', ['-c', script, join(directory, 'a.zip')], { encoding: 'utf8' })),
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };

  it('holds the files, also empty ones, and the extra ones, in one order and the same bytes each time', async () => {
    const files = { 'a.txt': 'one\n', 'dir/ü.txt': 'two\n', 'empty.txt': '', 'big.txt': 'x'.repeat(1_000_000) };
    const { snapshotId } = await snapshot(null, files);
    const zip = await archive(snapshotId, { 'PLAN.md': '# Plan\n' });
    expect(unpack(zip)).toEqual({ ...files, 'PLAN.md': '# Plan\n' });
    expect(zip.equals(await archive(snapshotId, { 'PLAN.md': '# Plan\n' }))).toBe(true);
  });

  it('lets a file of the project that collides with an added one give way', async () => {
    const { snapshotId } = await snapshot(null, { 'plan.md': 'mine\n', 'a.txt': 'a\n' });
    expect(Object.keys(unpack(await archive(snapshotId, { 'PLAN.md': 'ours\n' }))).sort()).toEqual([
      'PLAN.md',
      'a.txt',
    ]);
  });

  it('never holds a name that escapes, should one stand in a tree', async () => {
    const { snapshotId } = await snapshot(null, { 'a.txt': 'a\n' });
    const file = { sha256: sha256Of('a\n'), size: 2 };
    await database.prisma.snapshot.update({
      where: { id: snapshotId },
      data: { tree: { 'a.txt': file, '../evil': file, '/etc/x': file, CON: file } },
    });
    expect(Object.keys(unpack(await archive(snapshotId)))).toEqual(['a.txt']);
  });

  it('breaks the stream off, and not the process, when content is missing', async () => {
    const content = `lost ${newId()}`;
    const { snapshotId } = await snapshot(null, { 'a.txt': content });
    await database.prisma.blob.delete({
      where: { organizationId_sha256: { organizationId, sha256: sha256Of(content) } },
    });
    await expect(archive(snapshotId)).rejects.toThrow('missing');
  });

  it.each([
    ['My Project: "v2"', 'my-project-v2.zip'],
    ['../../etc/passwd', 'etc-passwd.zip'],
    ['日本語', 'project.zip'],
    ['CON', 'project.zip'],
    ['a\r\nSet-Cookie: x', 'a-set-cookie-x.zip'],
  ])('names the archive of %j %j', (title, name) => {
    expect(safeArchiveName(title)).toBe(name);
  });
});
