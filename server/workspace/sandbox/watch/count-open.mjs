/** Counts what processes hold open: deleted files, and memory in sockets and pipes. */
import { link, names, read, stat } from './count-processes.mjs';

/** More cannot be looked at in time; a command that has more is not watched, and so it is ended. */
const MOST_OPEN = 65_536;
const MOST_MAPPINGS = 400_000;
const BLOCK = 512;
/** What each pipe of a user may hold when the user has many (pipe(7)), bytes. */
const PIPE_BYTES = 8192;
/** What one socket may hold, bytes: commands cannot ask for more, see the system call filter. One message passes the limit. */
const SOCKET_BYTES =
  32_768 + Math.max(...['wmem', 'rmem'].map((name) => setting(`/proc/sys/net/core/${name}_default`)));

/** @param {string} path */
function setting(path) {
  return Number(read(path) ?? 212_992);
}

/**
 * Open files, the running program among them: name, and a path that leads to the file itself.
 * @param {number[]} pids
 * @returns {Generator<[string, string]>}
 */
function* openFiles(pids) {
  let count = 0;
  for (const pid of pids) {
    for (const file of ['exe', ...names(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`)]) {
      if (++count > MOST_OPEN) throw new Error('too many open files to watch');
      const path = `/proc/${pid}/${file}`;
      const target = link(path);
      if (target !== null) yield [target, path];
    }
  }
}

/**
 * Most memory that its sockets and pipes can hold. Those on their way between processes are in no process's list, but their
 * network namespace has every socket that can carry them.
 * @param {number[]} pids
 */
export function bufferMemory(pids) {
  const sockets = new Set();
  const pipes = new Set();
  for (const [target] of openFiles(pids)) {
    if (target.startsWith('socket:')) sockets.add(target);
    else if (target.startsWith('pipe:')) pipes.add(target);
  }
  const own = link('/proc/self/ns/net');
  const inside = pids.find((pid) => ![own, null].includes(link(`/proc/${pid}/ns/net`)));
  if (inside === undefined) return 0;
  const table = (/** @type {string} */ name) => (read(`/proc/${inside}/net/${name}`) ?? '').trim().split('\n').slice(1);
  let queued = 0;
  for (const line of [...table('tcp'), ...table('tcp6')]) {
    const [, sent = '0', received = '0'] = / ([0-9A-F]{8}):([0-9A-F]{8}) /.exec(line) ?? [];
    queued += Number.parseInt(sent, 16) + Number.parseInt(received, 16);
  }
  return Math.max(sockets.size, table('unix').length) * SOCKET_BYTES + pipes.size * PIPE_BYTES + queued;
}

/**
 * Bytes of project files that were deleted and are still open, run, or mapped after they were closed.
 * @param {number[]} pids
 * @param {number} fileBytes what a file may have at most
 */
export function countDeleted(pids, fileBytes) {
  /** @type {Map<number, number>} */
  const held = new Map();
  for (const [target, path] of openFiles(pids)) {
    const file = isDeleted(target) ? stat(path) : null;
    if (file !== null) held.set(file.ino, file.blocks * BLOCK);
  }
  let mappings = 0;
  for (const pid of pids) {
    const lines = (read(`/proc/${pid}/maps`) ?? '').split('\n');
    mappings += lines.length;
    if (mappings > MOST_MAPPINGS) throw new Error('too many mappings to watch');
    for (const line of lines) {
      if (!line.endsWith(' (deleted)')) continue;
      const [, from = '', to = '', inode = '', name = ''] =
        /^0*([0-9a-f]+)-0*([0-9a-f]+) \S+ \S+ \S+ (\d+)\s+(.*)$/.exec(line) ?? [];
      if (!isDeleted(name) || held.has(Number(inode))) continue;
      // A mapping holds the whole file. Only root may ask for its size; for others it has the largest.
      const file = stat(`/proc/${pid}/map_files/${from}-${to}`);
      held.set(Number(inode), file === null ? fileBytes : file.blocks * BLOCK);
    }
  }
  return [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** @param {string} name */
function isDeleted(name) {
  return name.startsWith('/project/') && name.endsWith(' (deleted)');
}
