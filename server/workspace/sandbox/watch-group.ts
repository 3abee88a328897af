import 'server-only';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import type { SandboxLimits } from './sandbox';

/** How often the processes of a sandbox are counted, milliseconds. */
const INTERVAL_MS = 100;
const PAGE_BYTES = 4096;

/**
 * Ends a sandbox whose processes are too many or hold too much memory together. Resource limits count a process at a time,
 * and do not count processes at all where Plumbline runs as root; control groups need rights it may not have.
 * @param wrapper process id of bwrap. @returns stops watching.
 */
export function watchGroup(
  wrapper: number,
  limits: SandboxLimits,
  end: (why: 'memory' | 'processes') => void,
): () => void {
  let stopped = false;
  let namespace: string | null = null;
  const look = async () => {
    namespace ??= await innerNamespace(wrapper);
    if (stopped) return;
    if (namespace !== null) {
      const { count, bytes } = usage(namespace, limits.processes);
      if (count > limits.processes) end('processes');
      else if (bytes > limits.memoryBytes) end('memory');
    }
    if (!stopped) timer = setTimeout(again, INTERVAL_MS);
  };
  const again = () => {
    look().catch(() => {
      // A process that ended while it was read; the next look sees what is left.
      if (!stopped) timer = setTimeout(again, INTERVAL_MS);
    });
  };
  let timer = setTimeout(again, INTERVAL_MS / 2);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** The process namespace the wrapper's child lives in; null until there is one of its own. */
async function innerNamespace(wrapper: number): Promise<string | null> {
  const children = (await readFile(`/proc/${wrapper}/task/${wrapper}/children`, 'utf8')).trim().split(' ');
  const own = await readlink('/proc/self/ns/pid');
  for (const pid of children) {
    if (pid === '') continue;
    const namespace = await readlink(`/proc/${pid}/ns/pid`);
    if (namespace !== own) return namespace;
  }
  return null;
}

/** Reads without yielding: while a fork bomb runs, every turn given away is hundreds of processes more. */
function usage(namespace: string, most: number): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) continue;
      if (++count > most) break;
      // Resident less shared pages: a page shared by many processes is not counted for each.
      const [, resident = 0, shared = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
      bytes += Math.max(0, resident - shared) * PAGE_BYTES;
    } catch {
      // Ended meanwhile, or another user's: not one of ours.
    }
  }
  return { count, bytes };
}
