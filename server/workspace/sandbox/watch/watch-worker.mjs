/**
 * Watches running commands from a thread of its own: counting takes time, and a fork bomb does not wait for the server's.
 * Plain JavaScript, because `new Worker(path)` loads it without a bundler or a TypeScript loader.
 */
import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { countFolder, tmpfsUse } from './count-files.mjs';
import { bufferMemory, countDeleted } from './count-open.mjs';
import { descendants, proportionalMemory, residentMemory } from './count-processes.mjs';

/** How often a command is looked at, milliseconds. A look that takes long makes the pauses longer. */
const INTERVAL_MS = 100;
/** A look at files is repeated after this many times its own duration. */
const FILES_PAUSE = 4;
/**
 * Where the kernel shares the processor out by session (sched(7), "The autogroup feature"), a session weighs as much as the
 * server's, and `nice` does not count between them. So there are few, and those after the first get this niceness.
 */
const SESSIONS = 16;
const NICE = '10';
/** What the machine keeps for itself, bytes. Deleted files on their way between processes are in no count. */
const MEMORY_FLOOR = 128 * 1024 ** 2;
const DISK_FLOOR = 256 * 1024 ** 2;

/**
 * @typedef {{ memoryBytes: number, processes: number, writtenBytes: number, fileBytes: number, files: number }} Limits
 * @typedef {{ id: number, wrapper: number, folder: string, limits: Limits }} Order
 * @typedef {Order & { before: import('./count-files.mjs').Use, nextFiles: number, nice: Set<number>, tmpfs: import('./count-files.mjs').Use }} Watched
 */

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker thread');
/** @type {Map<number, NodeJS.Timeout>} */
const timers = new Map();

port.on('message', (/** @type {Order | { id: number, stop: true }} */ message) => {
  if ('stop' in message) {
    clearTimeout(timers.get(message.id));
    timers.delete(message.id);
    return;
  }
  const before = countFolder(message.folder, Number.POSITIVE_INFINITY);
  const watched = { ...message, before, nextFiles: 0, nice: new Set(), tmpfs: { bytes: 0, files: 0, tooDeep: false } };
  port.postMessage({ id: message.id, ready: true });
  timers.set(
    message.id,
    setTimeout(() => look(watched), INTERVAL_MS / 4),
  );
});

/** @param {Watched} watched */
function look(watched) {
  const started = performance.now();
  const members = descendants(watched.wrapper);
  const why = members.length === 0 ? null : safeReason(watched, members);
  if (why !== null) {
    // Said before it is done: the server must not hear of the command's end without the reason.
    port?.postMessage({ id: watched.id, why });
    // At once: the server's thread may be busy. The first of them is the process the others cannot outlive.
    for (const { pid } of members) kill(pid);
    timers.delete(watched.id);
    return;
  }
  const took = performance.now() - started;
  timers.set(
    watched.id,
    setTimeout(() => look(watched), Math.max(INTERVAL_MS, took)),
  );
}

/**
 * One command whose state cannot be read must not end the watch over the others. It is not left unwatched either, unless
 * it has ended on its own.
 * @param {Watched} watched
 * @param {import('./count-processes.mjs').Member[]} members
 */
function safeReason(watched, members) {
  try {
    return reason(watched, members);
  } catch {
    return descendants(watched.wrapper).length === 0 ? null : 'unwatched';
  }
}

/**
 * @param {Watched} watched
 * @param {import('./count-processes.mjs').Member[]} members
 * @returns {'memory' | 'processes' | 'disk' | null}
 */
function reason(watched, members) {
  const { limits } = watched;
  if (members.length > limits.processes || countSessions(watched, members) > SESSIONS) return 'processes';
  const pids = members.map(({ pid }) => pid);
  if (performance.now() >= watched.nextFiles) {
    const started = performance.now();
    watched.tmpfs = tmpfsUse(pids);
    if (wroteTooMuch(watched, pids)) return 'disk';
    watched.nextFiles = performance.now() + FILES_PAUSE * (performance.now() - started);
  }
  const { resident, tables } = residentMemory(pids);
  const others = tables + bufferMemory(pids) + watched.tmpfs.bytes;
  if (resident + others > limits.memoryBytes && proportionalMemory(pids) + others > limits.memoryBytes) return 'memory';
  return freeMemory() < MEMORY_FLOOR ? 'memory' : null;
}

/**
 * @param {Watched} watched
 * @param {import('./count-processes.mjs').Member[]} members
 */
function countSessions({ nice }, members) {
  const sessions = new Map(members.map(({ pid, session }) => [session, pid]));
  for (const [session, pid] of sessions) {
    if (nice.has(session)) continue;
    try {
      if (nice.size > 0) writeFileSync(`/proc/${pid}/autogroup`, NICE);
      nice.add(session);
    } catch {
      // It has ended, the kernel has no such groups, or takes one change in 100 ms: the next look tries again.
    }
  }
  return sessions.size;
}

/**
 * @param {Watched} watched
 * @param {number[]} pids
 */
function wroteTooMuch({ folder, limits, before, tmpfs }, pids) {
  const now = countFolder(folder, before.files + limits.files + 1);
  if (now.tooDeep || now.files + tmpfs.files - before.files > limits.files) return true;
  if (now.bytes + countDeleted(pids, limits.fileBytes) - before.bytes > limits.writtenBytes) return true;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < DISK_FLOOR;
}

function freeMemory() {
  const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return line === null ? Number.POSITIVE_INFINITY : Number(line[1]) * 1024;
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
