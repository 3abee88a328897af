/** Counts the processes below a wrapper and the memory they hold, from `/proc` (proc(5)). */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

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
 * Resident memory, a page counted for each process that has it: cheap, and never too little. Tables that map pages count:
 * they grow with addresses that were only read, too.
 * @param {number[]} pids
 */
export function residentMemory(pids) {
  let [resident, tables] = [0, 0];
  for (const pid of pids) {
    const status = read(`/proc/${pid}/status`) ?? '';
    resident += kilobytes(status, 'VmRSS');
    tables += kilobytes(status, 'VmPTE');
  }
  return { resident, tables };
}

/**
 * Memory with each shared page counted once: proportional set sizes.
 * @param {number[]} pids
 */
export function proportionalMemory(pids) {
  let bytes = 0;
  for (const pid of pids) bytes += kilobytes(read(`/proc/${pid}/smaps_rollup`) ?? '', 'Pss');
  return bytes;
}

/**
 * @param {string} text lines of "Name: number kB"
 * @param {string} name
 */
const kilobytes = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;

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
export const link = (path) => attempt(() => readlinkSync(path));
/** @param {string} path */
export const names = (path) => attempt(() => readdirSync(path)) ?? [];
