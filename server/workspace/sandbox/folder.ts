import 'server-only';
import { lstat, mkdir, readdir, readFile, readlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { isCode, removeFolder } from './remove-folder';

/** A folder whose maker cannot be asked (it ran in another container) is left for this long, milliseconds. */
const FOREIGN_MS = 24 * 3_600_000;

export interface SandboxFolder {
  /** On the host; never shown to a user. */
  readonly path: string;
  /** Removes it with all that commands wrote. Never throws. */
  remove(): Promise<boolean>;
}

/** A new, empty folder for the commands of one check. Its name says which process made it, for the sweep. */
export async function openFolder(): Promise<SandboxFolder> {
  try {
    const path = join(await baseFolder(), `${await thisProcess()}.${newId()}`);
    await mkdir(path, { mode: 0o700 });
    return { path, remove: () => removeFolder(path) };
  } catch (error) {
    throw cannotPrepare(error);
  }
}

/** The host's own words name a path of the host: they go to the log. */
export function cannotPrepare(cause: unknown): AppError {
  return new AppError('sandbox_unavailable', 'the folder of a command could not be prepared', {
    userMessage: 'The server could not lay out the files to run the checks. Its disk may be full; try again later.',
    cause,
  });
}

/**
 * Removes what processes that are gone left behind. Called when a worker starts. Never throws.
 * @returns how many folders it removed.
 */
export async function sweepFolders(): Promise<number> {
  let removed = 0;
  // Commands run on Linux only.
  if (process.platform !== 'linux') return removed;
  try {
    const base = await baseFolder();
    for (const name of await readdir(base)) {
      const folder = join(base, name);
      if (HALF_COPY.test(name)) {
        if (!(await isOld(folder))) continue;
        await unlink(folder);
        removed++;
      } else if ((await isLeftOver(name, folder)) && (await removeFolder(folder))) removed++;
    }
  } catch (error) {
    logger().warn({ err: error }, 'left-over folders of commands could not be swept');
  }
  if (removed > 0) logger().info({ removed }, 'removed folders of commands that an earlier process left');
  return removed;
}

/** One a user, in the system's folder for temporary files. Others may pass through it, and not list it. */
export async function baseFolder(): Promise<string> {
  const user = process.getuid?.() ?? 0;
  const base = join(tmpdir(), `plumbline-sandboxes-${user}`);
  await mkdir(base, { mode: 0o711 }).catch((error: unknown) => {
    if (!isCode(error, 'EEXIST')) throw error;
  });
  const found = await lstat(base);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o022) !== 0) {
    throw new Error('the base folder of commands was made by another user');
  }
  return base;
}

const NAME = /^(\d+)\.(\d+)\.(\d+)\.[\w-]+$/;
/** A copy of Node that was not finished: `toolchain.ts` gives it its name without the process id at its end. */
const HALF_COPY = /^node-.+-[a-z0-9]+\.\d+$/;

/** Process id, when that process started, and the process namespace it lives in: an id alone is used again. */
async function thisProcess(): Promise<string> {
  return `${process.pid}.${await startedAt(process.pid)}.${await namespaceOf('self')}`;
}

async function isLeftOver(name: string, folder: string): Promise<boolean> {
  const [whole, pid = '', started = '', namespace = ''] = NAME.exec(name) ?? [];
  if (whole === undefined) return false;
  if (namespace === (await namespaceOf('self'))) return (await startedAt(Number(pid))) !== started;
  return isOld(folder);
}

async function isOld(path: string): Promise<boolean> {
  return Date.now() - (await lstat(path)).mtimeMs > FOREIGN_MS;
}

async function namespaceOf(process: string): Promise<string> {
  return (await readlink(`/proc/${process}/ns/pid`)).replaceAll(/\D/g, '');
}

/** Field 22 of `/proc/PID/stat` (proc(5)); empty when there is no such process. */
async function startedAt(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return '';
    throw error;
  }
}
