import 'server-only';
import { constants, existsSync, realpathSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { baseFolder } from './folder';
import { isRoot, reachableByOthers } from './sandbox-user';

/** Where systems install bubblewrap. */
const WRAPPERS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap'];

export function wrapperPath(): string {
  return WRAPPERS.find((path) => existsSync(path)) ?? 'bwrap';
}

export function isInstalled(): boolean {
  return WRAPPERS.some((path) => existsSync(path));
}

/**
 * The Node that commands get: the one that runs Plumbline. Where that lies in a folder that only root can enter, it is
 * copied once into the folder of commands.
 */
export async function sandboxNode(): Promise<string> {
  const node = realpathSync(process.execPath);
  if (!isRoot() || reachableByOthers(node)) return node;
  const copy = join(await baseFolder(), `node-${process.version}-${process.arch}`);
  if (!existsSync(copy)) {
    await copyFile(node, `${copy}.${process.pid}`, constants.COPYFILE_FICLONE);
    await rename(`${copy}.${process.pid}`, copy);
  }
  return copy;
}
