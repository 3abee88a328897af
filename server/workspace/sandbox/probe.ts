import 'server-only';
import { z } from 'zod';
import { env } from '@/server/platform/env';
import { logger } from '@/server/platform/logger';
import { baseFolder, openFolder } from './folder';
import { DEFAULT_SANDBOX_LIMITS, type Sandbox } from './sandbox';
import { isRoot, reachableByOthers } from './sandbox-user';
import { thisMachine } from './seccomp/filter';
import { isInstalled } from './toolchain';
import { INNER_USER } from './wrapper-arguments';

/**
 * What a command finds about its own cage. `unshare` and `settings` are tries that must fail: opening a kernel setting for
 * writing changes nothing.
 */
const LOOK = `node -e '
const fs = require("node:fs");
const status = Object.fromEntries(fs.readFileSync("/proc/self/status", "utf8").split("\\n").map((line) => line.split(/:\\s*/)));
const writable = (path) => { try { fs.closeSync(fs.openSync(path, "r+")); return true; } catch { return false; } };
const unshare = require("node:child_process").spawnSync("unshare", ["--user", "true"]).status;
console.log(JSON.stringify({
  uid: process.getuid(), seccomp: status.Seccomp, noNewPrivileges: status.NoNewPrivs, capabilities: status.CapBnd,
  nested: unshare === 0, settings: ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory"].some(writable),
}));'`;

const foundSchema = z.object({
  uid: z.literal(INNER_USER),
  seccomp: z.literal('2'),
  noNewPrivileges: z.literal('1'),
  capabilities: z.literal('0000000000000000'),
  nested: z.literal(false),
  settings: z.literal(false),
});

/** Runs one command that looks at its own cage. @returns null when it is whole, else the reason for people. */
export async function probeBubblewrap(run: Sandbox['run']): Promise<string | null> {
  const reason = (await missing()) ?? (await look(run));
  if (reason === null || !isRoot() || env().APP_ENV !== 'production') return reason;
  return `${reason}. APP_ENV=production runs as root here, and runs no command as root: start Plumbline as another user`;
}

async function missing(): Promise<string | null> {
  if (process.platform !== 'linux') return 'bubblewrap works on Linux only';
  if (!isInstalled()) return 'bubblewrap is not installed (Debian: apt-get install bubblewrap)';
  if (thisMachine() === null) return `there is no system call filter for ${process.arch} (only for x64 and arm64)`;
  if (isRoot() && !reachableByOthers(`${await baseFolder()}/.`)) {
    return 'Plumbline runs as root, and its commands run as another user, who cannot enter the folder that TMPDIR names';
  }
  return null;
}

async function look(run: Sandbox['run']): Promise<string | null> {
  const folder = await openFolder();
  try {
    const limits = { ...DEFAULT_SANDBOX_LIMITS, timeoutMs: 10_000 };
    const { exitCode, output } = await run({ directory: folder.path, command: LOOK, limits });
    if (exitCode !== 0) return `bubblewrap does not work here: ${output.trim().slice(0, 300)}${HINT}`;
    const found = foundSchema.safeParse(JSON.parse(output));
    if (found.success) return null;
    const parts = found.error.issues.map(({ path }) => path.join('.')).join(', ');
    return `bubblewrap does not protect this machine (${parts})`;
  } catch (error) {
    logger().warn({ err: error }, 'the sandbox could not be tried');
    return 'bubblewrap does not start (the log says why)';
  } finally {
    await folder.remove();
  }
}

const HINT =
  '. Where the system forbids user namespaces, allow them (Ubuntu: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0)';
