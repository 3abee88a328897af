import 'server-only';
import { chmod, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';

/**
 * Removes a folder that a command wrote, and never throws. Nothing may run in it any more.
 *
 * Folders below are first moved up beside each other under short names: however deep they are nested, no path gets longer
 * than the system takes (`ENAMETOOLONG`). A folder without rights is given them; symbolic links are not followed.
 * @returns false when something is left, for the sweep at the next start.
 */
export async function removeFolder(root: string): Promise<boolean> {
  try {
    await removeByDescent(root);
    return true;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return true;
    logger().warn(
      { err: error, folder: root },
      'a folder of a command could not be removed; the next start tries again',
    );
    return false;
  }
}

async function removeByDescent(root: string): Promise<void> {
  const prefix = `${root}/~${newId()}-`;
  let moved = 0;
  let failure: unknown;
  const pending: Buffer[] = [Buffer.from(root)];
  const emptied: Buffer[] = [];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    await chmod(folder, 0o700);
    // Names as bytes: a name need not be text.
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      try {
        if (!entry.isDirectory() && (await removeFile(path))) continue;
        const short = Buffer.from(`${prefix}${moved++}`);
        // Moving a folder changes its entry for "..", which needs the right to write in it.
        await chmod(path, 0o700);
        await rename(path, short);
        pending.push(short);
      } catch (error) {
        // One that stays must not keep the others.
        failure ??= error;
      }
    }
    emptied.push(folder);
  }
  if (failure !== undefined) throw failure;
  // The root stands first: it is removed last.
  for (const folder of emptied.reverse()) await rmdir(folder);
}

/** @returns false when it is a folder after all (file systems that do not say what an entry is). */
async function removeFile(path: Buffer): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isCode(error, 'EISDIR') || isCode(error, 'EPERM')) return false;
    throw error;
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
