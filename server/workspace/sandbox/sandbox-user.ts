import 'server-only';
import { randomInt } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { lchown, lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * User ids for commands where the server is root. The first range is one that Linux distributions leave unused
 * (systemd's "Users, Groups, UIDs and GIDs"); the second fits containers that map 65,536 ids only.
 */
const RANGES = [
  { first: 1_888_000_000, count: 1_000_000 },
  { first: 61_184, count: 4_000 },
] as const;

interface Range {
  first: number;
  count: number;
}

/** The ids commands may get here, read from the ids this process's user namespace has. Null: only root. */
export function usableRange(uidMap: string): Range | null {
  const mapped = uidMap
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([inside = 0, , count = 0]) => ({ first: inside, count }));
  const fits = ({ first, count }: Range) =>
    mapped.some((part) => first >= part.first && first + count <= part.first + part.count);
  return RANGES.find(fits) ?? null;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The user a command runs as outside of its namespaces: the server's own, or where that is root, one that owns nothing
 * but the command's folder. The first command in a folder hands the folder over to a random user of the range, so that
 * commands of different projects never share one.
 * @returns null: the server's own user. Throws where the server is root and has no other user to give.
 */
export async function userOf(directory: string): Promise<number | null> {
  if (!isRoot()) return null;
  const range = usableRange(readFileSync('/proc/self/uid_map', 'utf8'));
  if (range === null) throw new Error('Plumbline runs as root and has no other user id to run commands under');
  const { uid } = await lstat(directory);
  if (uid >= range.first && uid < range.first + range.count) return uid;
  const user = range.first + randomInt(range.count);
  await handOver(directory, user);
  return user;
}

/** No command has run in the folder yet, so nothing moves while it is walked. Symbolic links are not followed. */
async function handOver(path: string, user: number): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await handOver(join(path, entry.name), user);
    else await lchown(join(path, entry.name), user, user);
  }
  await lchown(path, user, user);
}

/** Whether a user who is neither the owner nor in the group can reach a path: every folder above lets others pass. */
export function reachableByOthers(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
