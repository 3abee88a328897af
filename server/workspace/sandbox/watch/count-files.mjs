/** Counts what a command has written: its folder, files it deleted and still holds, and its file systems in memory. */
import { chmodSync, lstatSync, readdirSync, statfsSync } from 'node:fs';
import { openFiles, read, stat } from './count-processes.mjs';

/** @typedef {{ bytes: number, files: number, tooDeep: boolean }} Use */

const BLOCK = 512;

/**
 * Disk blocks and entries below a folder while commands write in it. A file with many names counts once. Stops at `most`.
 * @param {string} root
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
    for (const entry of entries(folder, use, opened)) {
      const path = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      const file = look(path, use);
      if (file === null) continue;
      use.files++;
      if (entry.isDirectory()) pending.push(path);
      else if (file.nlink > 1 && linked.has(file.ino)) continue;
      linked.add(file.ino);
      use.bytes += file.blocks * BLOCK;
    }
  }
  for (const [folder, mode] of opened.reverse()) chmod(folder, mode);
  return use;
}

/**
 * What a folder holds. One that its owner made unreadable is opened for the count and closed after it.
 * @param {Buffer} folder
 * @param {Use} use
 * @param {[Buffer, number][]} opened
 */
function entries(folder, use, opened) {
  for (let tries = 0; tries < 2; tries++) {
    try {
      return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      if (code(error) === 'ENAMETOOLONG') use.tooDeep = true;
      if (code(error) !== 'EACCES') break;
      const mode = look(folder, use)?.mode;
      if (mode === undefined) break;
      chmod(folder, 0o700);
      opened.push([folder, mode & 0o7777]);
    }
  }
  return [];
}

/**
 * @param {Buffer} path
 * @param {Use} use
 */
function look(path, use) {
  try {
    return lstatSync(path);
  } catch (error) {
    if (code(error) === 'ENAMETOOLONG') use.tooDeep = true;
    return null;
  }
}

/**
 * @param {Buffer} path
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
 * Bytes of project files that were deleted and are still open, or still mapped after they were closed.
 * @param {number[]} pids
 */
export function countDeleted(pids) {
  const seen = new Set();
  let bytes = 0;
  for (const [, path] of openFiles(pids, isDeleted)) {
    const file = stat(path);
    if (file === null || seen.has(file.ino)) continue;
    seen.add(file.ino);
    bytes += file.blocks * BLOCK;
  }
  /** @type {Map<number, number>} */
  const mapped = new Map();
  for (const pid of pids) {
    for (const line of (read(`/proc/${pid}/maps`) ?? '').split('\n')) {
      if (!line.endsWith(' (deleted)')) continue;
      const [, from = '', to = '', offset = '', inode = '', name = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ (\d+)\s+(.*)$/.exec(line) ?? [];
      if (!isDeleted(name) || seen.has(Number(inode))) continue;
      const end = Number.parseInt(offset, 16) + Number.parseInt(to, 16) - Number.parseInt(from, 16);
      mapped.set(Number(inode), Math.max(mapped.get(Number(inode)) ?? 0, end));
    }
  }
  for (const size of mapped.values()) bytes += size;
  return bytes;
}

/** @param {string} name */
function isDeleted(name) {
  return name.startsWith('/project/') && name.endsWith(' (deleted)');
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
