/** Counts what a command has written: its folder, and its file systems in memory. */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { stat } from './count-processes.mjs';

/** @typedef {{ bytes: number, files: number, tooDeep: boolean }} Use */

const BLOCK = 512;
/** Opens a handle that only names, for which no right is needed (open(2)); the same number on both machines. */
const O_PATH = 0o10000000;

/**
 * Disk blocks and entries below a folder while commands write in it. A file with many names counts once. Stops at `most`.
 * @param {string} root without symbolic links
 * @param {number} most entries
 * @returns {Use} `tooDeep`: some path is longer than the system takes, so what lies there cannot be counted.
 */
export function countFolder(root, most) {
  const use = { bytes: 0, files: 0, tooDeep: false };
  const linked = new Set();
  /** @type {[Buffer, number][]} */
  const opened = [];
  const pending = [Buffer.from(root)];
  for (let folder = pending.pop(); folder !== undefined && use.files <= most; folder = pending.pop()) {
    inFolder(folder, use, (handle) => {
      for (const entry of entries(handle, folder, opened)) {
        const file = look(Buffer.concat([Buffer.from(`${handle}/`), entry.name]));
        if (file === null) continue;
        use.files++;
        if (file.isDirectory()) pending.push(Buffer.concat([folder, Buffer.from('/'), entry.name]));
        else if (file.nlink > 1 && linked.has(file.ino)) continue;
        linked.add(file.ino);
        use.bytes += file.blocks * BLOCK;
      }
    });
  }
  for (const [folder, mode] of opened.reverse()) inFolder(folder, use, (handle) => chmod(handle, mode));
  return use;
}

/**
 * Acts on a folder through a handle. The command moves things while they are looked at: by its path, a symbolic link that
 * took the folder's place would lead to the host's folders.
 * @param {Buffer} folder
 * @param {Use} use
 * @param {(handle: string) => void} act gets a path that leads to the folder itself, wherever it is moved
 */
function inFolder(folder, use, act) {
  let descriptor = -1;
  try {
    descriptor = openSync(folder, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    const handle = `/proc/self/fd/${descriptor}`;
    if (readlinkSync(handle, { encoding: 'buffer' }).equals(folder)) act(handle);
  } catch (error) {
    if (code(error) === 'ENAMETOOLONG') use.tooDeep = true;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

/**
 * What a folder holds. One that its owner made unreadable is opened for the count and closed after it.
 * @param {string} handle
 * @param {Buffer} folder
 * @param {[Buffer, number][]} opened
 */
function entries(handle, folder, opened) {
  try {
    accessSync(handle, constants.R_OK | constants.X_OK);
  } catch {
    const mode = statSync(handle).mode & 0o7777;
    chmod(handle, 0o700);
    opened.push([folder, mode]);
  }
  return readdirSync(handle, { withFileTypes: true, encoding: 'buffer' });
}

/** @param {Buffer} path */
function look(path) {
  try {
    return lstatSync(path);
  } catch {
    // Removed by the command.
    return null;
  }
}

/**
 * @param {string} path
 * @param {number} mode
 */
function chmod(path, mode) {
  try {
    chmodSync(path, mode);
  } catch {
    // Removed by the command.
  }
}

/** @param {unknown} error */
function code(error) {
  return error instanceof Error && 'code' in error ? error.code : null;
}

/**
 * What lies in the command's own file systems in memory, seen through one of its processes.
 * @param {number[]} pids
 * @returns {Use}
 */
export function tmpfsUse(pids) {
  const use = { bytes: 0, files: 0, tooDeep: false };
  for (const path of ['/tmp', '/dev/shm']) {
    const outside = stat(path)?.dev;
    for (const pid of pids) {
      const inside = stat(`/proc/${pid}/root${path}`);
      // Before it has entered its own root, a process sees the host's.
      if (inside === null || inside.dev === outside) continue;
      try {
        const { blocks, bfree, bsize, files, ffree } = statfsSync(`/proc/${pid}/root${path}`);
        use.bytes += (blocks - bfree) * bsize;
        use.files += files - ffree;
        break;
      } catch {
        // It has ended; the next one sees the same.
      }
    }
  }
  return use;
}
