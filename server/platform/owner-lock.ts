import 'server-only';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from './errors';

/**
 * One owner a folder: PGlite takes no lock of its own, and two processes on one folder lose committed data.
 *
 * `owner.lock.sqlite` is an empty SQLite database whose exclusive transaction stays open for as long as the folder is
 * owned. It never holds data; it is there because SQLite's lock is one the operating system keeps (fcntl, LockFileEx) and
 * takes back when the process ends, however it ends, after its last thread has ended. So there is no stale lock to take
 * over and nothing to decide from PIDs, which are given out again and mean nothing across containers. The file is never
 * deleted: an owner of the deleted file and an owner of a new one would both be alone.
 *
 * `owner.lock` says which process it is, for people. It decides nothing.
 */
export interface OwnerLock {
  release(): void;
}

/**
 * Longest wait for a lock in milliseconds: when several processes try at once SQLite may refuse each for a moment. A folder
 * that is owned costs the whole wait, and must be refused within a second.
 */
const WAIT_MS = 400;
/** SQLite's result code for a lock that another connection holds. https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** Keeps the connections reachable: one that is garbage collected would give its lock back. */
const held = new Set<DatabaseSync>();

/**
 * Takes the folder's lock or fails, both within half a second. Also refused to the process that has it already.
 * @throws AppError `database_locked`, naming the owner's PID.
 */
export function acquireOwnerLock(directory: string): OwnerLock {
  mkdirSync(directory, { recursive: true });
  const connection = openExclusively(directory);
  held.add(connection);
  const nameplate = join(directory, 'owner.lock');
  const release = () => {
    if (!held.delete(connection)) return;
    // First the name, then the lock: the other way round it could be the next owner's name.
    rmSync(nameplate, { force: true });
    connection.close();
  };
  try {
    writeWhole(nameplate, String(process.pid));
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

function openExclusively(directory: string): DatabaseSync {
  // Not an import: bundlers do not know every `node:` module, and an old Node without this one gets a plain answer.
  const sqlite = process.getBuiltinModule('node:sqlite') as typeof import('node:sqlite') | undefined;
  if (sqlite === undefined) throw new Error(`Node ${process.version} is too old: 22.13 or newer is needed.`);
  const connection = new sqlite.DatabaseSync(join(directory, 'owner.lock.sqlite'), { timeout: WAIT_MS });
  try {
    // Nothing is ever written: a journal beside the file would only be one more thing to clean up after a crash.
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return connection;
  } catch (error) {
    connection.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) throw inUse(directory);
    throw error;
  }
}

function inUse(directory: string): AppError {
  const pid = readPid(join(directory, 'owner.lock'));
  const owner = pid === null ? 'another process' : `process ${pid}`;
  return new AppError('database_locked', `The database in ${directory} is in use by ${owner}.`, {
    details: { pid, directory },
    userMessage: `The database in ${directory} is in use by ${owner}. Stop it first, or set DATA_DIR to another folder.`,
  });
}

function readPid(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isInteger(pid) ? pid : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Appears with its content in one step. Only the owner writes it, so the name of the draft needs no PID. */
function writeWhole(path: string, content: string): void {
  const draft = `${path}.draft`;
  writeFileSync(draft, content);
  renameSync(draft, path);
}
