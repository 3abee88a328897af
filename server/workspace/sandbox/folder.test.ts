import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { baseFolder, openFolder, sweepFolders } from './folder';
import { removeFolder } from './remove-folder';

/** `levels` folders in each other, with names of 200 characters: built from the innermost outwards. */
function nest(folder: string, levels: number): void {
  const inner = join(folder, 'inner');
  const outer = join(folder, 'outer');
  mkdirSync(inner);
  for (let level = 0; level < levels; level++) {
    mkdirSync(outer);
    writeFileSync(join(outer, 'file'), 'x');
    renameSync(inner, join(outer, 'd'.repeat(200)));
    renameSync(outer, inner);
  }
}

describe('the folder of a command', () => {
  const before = process.env.TMPDIR;
  let outside = '';
  beforeEach(() => {
    outside = mkdtempSync(join(tmpdir(), 'plumbline-folder-test-'));
    process.env.TMPDIR = outside;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(outside, { recursive: true, force: true });
  });

  it('is removed however deep, unreadable and oddly named its content is, and nothing outside with it', async () => {
    const kept = join(outside, 'kept');
    mkdirSync(kept);
    writeFileSync(join(kept, 'file'), 'x');
    const folder = await openFolder();
    nest(folder.path, 60);
    mkdirSync(join(folder.path, 'a/b/c'), { recursive: true });
    writeFileSync(join(folder.path, 'a/b/c/file'), 'x');
    symlinkSync(kept, join(folder.path, 'a/b/link'));
    writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff, 0x0a, 0xfe])]), 'x');
    for (const path of ['a/b/c', 'a/b', 'a', '.']) chmodSync(join(folder.path, path), 0);
    expect(await folder.remove()).toBe(true);
    expect(existsSync(folder.path)).toBe(false);
    expect(existsSync(join(kept, 'file'))).toBe(true);
    expect(await folder.remove()).toBe(true);
  });

  it('says false, and does not throw, when it cannot be removed', async () => {
    process.env.LOG_LEVEL = 'silent';
    const file = join(outside, 'file');
    writeFileSync(file, 'x');
    expect(await removeFolder(file)).toBe(false);
  });

  it('that a dead process left is swept; those of living ones and of other containers stay', async () => {
    const own = await openFolder();
    const [pid = '', started = '', namespace = ''] = basename(own.path).split('.');
    const base = await baseFolder();
    const make = (...name: (string | number)[]) => {
      const path = join(base, [...name, newId()].join('.'));
      mkdirSync(join(path, 'x'), { recursive: true });
      return path;
    };
    const dead = make(4_194_305, started, namespace);
    const reused = make(pid, Number(started) - 1, namespace);
    const elsewhere = make(pid, started, Number(namespace) + 1);
    const oldElsewhere = make(pid, started, Number(namespace) + 1);
    // The Node that a root server copied for its commands, and what a process left that died while it copied.
    const node = join(base, 'node-v22.1.0-x64');
    const [halfNode, freshNode] = [`${node}.1`, `${node}.2`];
    for (const path of [node, halfNode, freshNode]) writeFileSync(path, 'x', { mode: 0o755 });
    for (const path of [oldElsewhere, node, halfNode]) utimesSync(path, 1_000_000_000, 1_000_000_000);
    expect(await sweepFolders()).toBe(4);
    expect(statSync(node).mode & 0o777).toBe(0o755);
    expect([halfNode, freshNode].map((path) => existsSync(path))).toEqual([false, true]);
    expect([own.path, dead, reused, elsewhere, oldElsewhere].map((path) => existsSync(path))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  it('is not made below a folder that another user prepared, and no path of the host is in what the user reads', async () => {
    mkdirSync(join(outside, `plumbline-sandboxes-${process.getuid?.()}`));
    chmodSync(join(outside, `plumbline-sandboxes-${process.getuid?.()}`), 0o777);
    const refused = await openFolder().catch((error: unknown) => error);
    process.env.TMPDIR = join(outside, 'missing');
    const missing = await openFolder().catch((error: unknown) => error);
    for (const error of [refused, missing]) {
      if (!isAppError(error)) throw error;
      expect(error).toMatchObject({
        code: 'sandbox_unavailable',
        userMessage: expect.stringContaining('could not lay out'),
      });
      expect(error.userMessage).not.toContain(outside);
    }
  });
});
