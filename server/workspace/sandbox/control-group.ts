import 'server-only';
import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import type { SandboxLimits } from './sandbox';

/** A control group of one command: the kernel itself holds its memory and processes, sockets and pipes included. */
export interface ControlGroup {
  /** Before the command starts anything: what it starts stays in the group. */
  take(pid: number): Promise<void>;
  /** Whether the kernel ended the command for its memory. */
  ranOutOfMemory(): Promise<boolean>;
  /** Kills what is left in it and removes it. Never throws. */
  close(): Promise<void>;
}

/**
 * A control group below `SANDBOX_CGROUP`, a folder of cgroup v2 that the operator delegated to the server's user with the
 * controllers `memory` and `pids` enabled in its `cgroup.subtree_control` (kernel: Documentation/admin-guide/cgroup-v2).
 * @returns null where none is delegated; the watcher holds the limits there.
 */
export async function openControlGroup(limits: SandboxLimits): Promise<ControlGroup | null> {
  const parent = env().SANDBOX_CGROUP;
  if (parent === undefined || !(await delegated(parent))) return null;
  const folder = join(parent, `plumbline-${newId()}`);
  const set = (file: string, value: string) => writeFile(join(folder, file), value);
  try {
    await mkdir(folder);
    await set('memory.max', String(limits.memoryBytes));
    await set('memory.oom.group', '1');
    // Threads count, as in the process limit.
    await set('pids.max', String(limits.processes * 2));
    // Absent where the kernel has no swap accounting.
    await set('memory.swap.max', '0').catch(() => undefined);
  } catch (error) {
    logger().warn({ err: error }, 'a control group could not be made; the watcher alone holds the limits');
    await rmdir(folder).catch(() => undefined);
    return null;
  }
  return {
    take: (pid) => set('cgroup.procs', String(pid)),
    ranOutOfMemory: async () => {
      const events = await readFile(join(folder, 'memory.events'), 'utf8').catch(() => '');
      return /^oom_kill [1-9]/m.test(events);
    },
    close: async () => {
      await set('cgroup.kill', '1').catch(() => undefined);
      await rmdir(folder).catch((error: unknown) =>
        logger().warn({ err: error }, 'a control group could not be removed'),
      );
    },
  };
}

/** Whether commands can be given groups below a folder: it is writable and passes both controllers on. */
export async function delegated(parent: string): Promise<boolean> {
  try {
    await access(parent, constants.W_OK);
    const controllers = (await readFile(join(parent, 'cgroup.subtree_control'), 'utf8')).trim().split(/\s+/);
    return controllers.includes('memory') && controllers.includes('pids');
  } catch {
    return false;
  }
}
