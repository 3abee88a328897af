/** Counts the processes below a wrapper and the memory they hold, from `/proc` (proc(5)). */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

const PAGE_BYTES = 4096;

/** @typedef {{ pid: number, session: number }} Member */

/**
 * Every process below the wrapper, the first of its process namespace first. A process whose parent ended while `/proc`
 * was read is found by its namespace, and one in a namespace of its own by its parent.
 * @param {number} wrapper
 * @returns {Member[]}
 */
export function descendants(wrapper) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  /** @type {Map<number, number>} */
  const sessions = new Map();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = read(`/proc/${name}/stat`);
    if (stat === null) continue;
    const [parent = 0, , session = 0] = stat
      .slice(stat.lastIndexOf(')') + 4)
      .split(' ', 3)
      .map(Number);
    sessions.set(pid, session);
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [pid]);
    else known.push(pid);
  }
  const found = new Set(children.get(wrapper) ?? []);
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  const own = namespaceOf('self');
  const namespaces = new Set([...found].slice(0, 1).map((pid) => namespaceOf(pid)));
  namespaces.delete(own);
  namespaces.delete(null);
  if (namespaces.size > 0) {
    for (const pid of sessions.keys()) if (!found.has(pid) && namespaces.has(namespaceOf(pid))) found.add(pid);
  }
  return [...found].map((pid) => ({ pid, session: sessions.get(pid) ?? 0 }));
}

/**
 * Resident memory, a page counted for each process that has it: cheap, and never too little.
 * @param {number[]} pids
 */
export function residentMemory(pids) {
  let bytes = memfds(pids).bytes;
  for (const pid of pids) bytes += Number(read(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * PAGE_BYTES;
  return { bytes };
}

/**
 * Memory with each shared page counted once: proportional set sizes, and files in memory (memfd) by what they hold, mapped
 * or not.
 * @param {number[]} pids
 */
export function exactMemory(pids) {
  const { bytes, inodes } = memfds(pids);
  let total = bytes;
  for (const pid of pids) {
    let counted = true;
    for (const line of (read(`/proc/${pid}/smaps`) ?? '').split('\n')) {
      const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)\s*(\S*)/.exec(line);
      if (mapping !== null) counted = !(mapping[2]?.startsWith('/memfd:') && inodes.has(Number(mapping[1])));
      else if (counted && line.startsWith('Pss:')) total += Number(/\d+/.exec(line)?.[0] ?? 0) * 1024;
    }
  }
  return total;
}

/**
 * Files in memory that a process has open. What was written into them is in no process's resident memory.
 * @param {number[]} pids
 */
function memfds(pids) {
  let bytes = 0;
  const inodes = new Set();
  for (const [, path] of openFiles(pids, (target) => target.startsWith('/memfd:'))) {
    const file = stat(path);
    if (file === null || inodes.has(file.ino)) continue;
    inodes.add(file.ino);
    bytes += file.blocks * 512;
  }
  return { bytes, inodes };
}

/**
 * Open files whose name passes a test: name, and a path that leads to the file itself.
 * @param {number[]} pids
 * @param {(target: string) => boolean} test
 * @returns {Generator<[string, string]>}
 */
export function* openFiles(pids, test) {
  for (const pid of pids) {
    for (const fd of names(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${fd}`;
      const target = link(path);
      if (target !== null && test(target)) yield [target, path];
    }
  }
}

/** @param {number | string} pid */
function namespaceOf(pid) {
  return link(`/proc/${pid}/ns/pid`);
}

/**
 * A process that ended while it was looked at has no answer: null.
 * @template T
 * @param {() => T} ask
 */
function attempt(ask) {
  try {
    return ask();
  } catch {
    return null;
  }
}
/** @param {string} path */
export const read = (path) => attempt(() => readFileSync(path, 'utf8'));
/** @param {string} path */
export const stat = (path) => attempt(() => statSync(path));
/** @param {string} path */
const link = (path) => attempt(() => readlinkSync(path));
/** @param {string} path */
const names = (path) => attempt(() => readdirSync(path)) ?? [];
