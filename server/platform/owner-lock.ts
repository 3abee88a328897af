import 'server-only';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './errors';

/**
 * PGlite takes no lock of its own, and two processes on one folder lose committed data. The lock file holds its owner's
 * PID and start time (a PID alone may have been given to another process after a reboot).
 */
export interface OwnerLock {
  release(): void;
}

/**
 * Takes the folder's lock at once or fails at once.
 * @throws AppError `database_locked`, naming the owner's PID.
 */
export function acquireOwnerLock(directory: string): OwnerLock {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'owner.lock');
  const mine = `${process.pid} ${startTimeOf(process.pid)}`;
  for (let attempt = 0; attempt < 20; attempt++) {
    if (tryCreate(path, mine)) return { release: () => releaseIfMine(path, mine) };
    const held = readText(path);
    if (held === null) continue;
    const [pidText = '', startTime = ''] = held.split(' ');
    const pid = Number(pidText);
    if (held === mine || isRunning(pid, startTime)) {
      throw new AppError('database_locked', `The database in ${directory} is in use by process ${pid}.`, {
        details: { pid, directory },
        userMessage: `The database in ${directory} is in use by process ${pid}. Stop it first, or set DATA_DIR to another folder.`,
      });
    }
    takeAway(path, held);
  }
  throw new AppError('database_locked', `The lock of ${directory} changes hands too fast to take.`);
}

/** Creates the lock with its content in one step: a reader that saw it empty would take its owner for dead. */
function tryCreate(path: string, content: string): boolean {
  const aside = `${path}.new.${process.pid}`;
  writeFileSync(aside, content);
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Removes a dead owner's lock. Renaming first shows whether another taker was faster: its fresh lock is put back. */
function takeAway(path: string, expected: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if (readText(aside) === expected) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function releaseIfMine(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true });
}

function isRunning(pid: number, startTime: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!isCode(error, 'EPERM')) return false;
  }
  const actual = startTimeOf(pid);
  return actual === '' || startTime === '' || actual === startTime;
}

/** Field 22 of /proc/PID/stat (clock ticks since boot); empty where there is no procfs. */
function startTimeOf(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; it only waits for its parent to read the exit code.
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return null;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
