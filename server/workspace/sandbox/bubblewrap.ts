import 'server-only';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { BoundedOutput } from './bounded-output';
import { cleanOutput } from './clean-output';
import { type ControlGroup, openControlGroup } from './control-group';
import { cannotPrepare } from './folder';
import { probeBubblewrap } from './probe';
import type { CommandOutcome, Sandbox, SandboxCommand, SandboxLimits } from './sandbox';
import { userOf } from './sandbox-user';
import { seccompFilter, thisMachine } from './seccomp/filter';
import { sandboxNode, wrapperPath } from './toolchain';
import { watch } from './watch/watch';
import { launcherArguments, PASSWD } from './wrapper-arguments';

/**
 * bubblewrap: own user, process, network and mount namespaces; no network; the system read-only; a filter of system calls;
 * only the project's folder writable; never root outside. It is the floor for one tenant, not a boundary against hostile
 * native code.
 */
export const bubblewrap: Sandbox = { id: 'bubblewrap', unavailable, run };

const PROBE_AGAIN_MS = 60_000;
let probe: Promise<string | null> | undefined;

/** A cage that held once holds; one that did not is tried again, because a busy machine can fail the first try. */
function unavailable(): Promise<string | null> {
  probe ??= probeBubblewrap(run).then((reason) => {
    if (reason !== null) setTimeout(() => (probe = undefined), PROBE_AGAIN_MS).unref();
    return reason;
  });
  return probe;
}

async function run(given: SandboxCommand): Promise<CommandOutcome> {
  const started = Date.now();
  // Mount tables and the watcher name the folder without symbolic links.
  const directory = await realpath(given.directory).catch((error: unknown) => {
    throw cannotPrepare(error);
  });
  const input = { ...given, directory };
  const group = await openControlGroup(input.limits);
  try {
    const node = await sandboxNode().catch((error: unknown) => {
      throw cannotPrepare(error);
    });
    // A mount table names them as they are on the host.
    const shown = new Map([given.directory, directory].map((path) => [path, '/project']));
    if (!node.startsWith('/usr/')) shown.set(node, '/toolchain/node');
    const child = await launch(input, node);
    return await follow(child, input, group, (ended, code, text) =>
      outcome(input.limits, shown, ended, code, Date.now() - started, text),
    );
  } finally {
    await group?.close();
  }
}

/** Starts the launcher, which waits for a line before it becomes bubblewrap. */
async function launch(input: SandboxCommand, node: string): Promise<ChildProcess> {
  const machine = thisMachine();
  if (machine === null) throw new Error(`there is no system call filter for ${process.arch}`);
  try {
    const user = await userOf(input.directory);
    const child = spawn('/bin/bash', launcherArguments(wrapperPath(), node, input), {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
      cwd: '/',
      env: { NODE_ENV: 'production' },
      detached: true,
      // Never root: what is the command's user outside decides what it may do should it get out.
      ...(user === null ? {} : { uid: user, gid: user }),
    });
    feed(child, 4, seccompFilter(machine));
    feed(child, 5, PASSWD);
    return child;
  } catch (error) {
    throw cannotPrepare(error);
  }
}

/** Writes to one of the launcher's descriptors. It may have ended, which its exit tells. */
function feed(child: ChildProcess, descriptor: number, data: string | Buffer): void {
  const pipe = child.stdio[descriptor] as Writable;
  pipe.on('error', () => undefined);
  pipe.end(data);
}

function follow(
  child: ChildProcess,
  input: SandboxCommand,
  group: ControlGroup | null,
  result: (ended: CommandOutcome['ended'], code: number | null, text: string) => CommandOutcome,
): Promise<CommandOutcome> {
  const { limits, signal } = input;
  return new Promise((resolve, reject) => {
    const output = new BoundedOutput(limits.outputBytes);
    let ended: CommandOutcome['ended'] = null;
    let unwatch = () => {};
    const end = (why: NonNullable<CommandOutcome['ended']>) => {
      ended ??= why;
      if (child.pid !== undefined) killTree(child.pid);
    };
    const timer = setTimeout(() => end('timeout'), limits.timeoutMs);
    const onAbort = () => end('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      unwatch();
    };
    const take = (data: Buffer) => {
      output.take(data);
      if (output.bytes > limits.outputBytes * 64) end('output');
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', (error) => {
      settle();
      reject(cannotPrepare(error));
    });
    child.once('close', async (code) => {
      await messagesTaken();
      settle();
      if (ended === null && (await group?.ranOutOfMemory())) ended = 'memory';
      resolve(result(ended, code, output.text()));
    });
    if (signal?.aborted) onAbort();
    begin(child, input, group, end).then(
      (stop) => {
        if (child.exitCode !== null || child.signalCode !== null) stop();
        else unwatch = stop;
      },
      () => end('unwatched'),
    );
  });
}

/** What another thread has sent by now was taken: the loop has looked for events between two turns of `setImmediate`. */
function messagesTaken(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** Watched and in its group first, then started. */
async function begin(
  child: ChildProcess,
  { directory, limits }: SandboxCommand,
  group: ControlGroup | null,
  end: (why: 'memory' | 'processes' | 'disk' | 'unwatched') => void,
): Promise<() => void> {
  if (child.pid === undefined) return () => {};
  await group?.take(child.pid);
  const stop = await watch(child.pid, directory, limits, end);
  feed(child, 3, 'start\n');
  return stop;
}

function outcome(
  limits: SandboxLimits,
  shown: ReadonlyMap<string, string>,
  ended: CommandOutcome['ended'],
  code: number | null,
  durationMs: number,
  text: string,
): CommandOutcome {
  const note = ended === null || ended === 'aborted' ? '' : `\n[ended: ${REASONS[ended](limits)}]`;
  return { exitCode: ended === null ? code : null, ended, durationMs, output: cleanOutput(text, shown) + note };
}

/**
 * The namespace's first process takes every other with it. It is killed by itself too: ended very early, the wrapper has
 * not yet tied its child's life to its own.
 */
function killTree(wrapper: number): void {
  try {
    process.kill(wrapper, 'SIGSTOP');
    const children = readFileSync(`/proc/${wrapper}/task/${wrapper}/children`, 'utf8').trim();
    for (const pid of children.split(' ')) if (pid !== '') process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It has ended.
  } finally {
    try {
      process.kill(wrapper, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`;

const REASONS = {
  timeout: ({ timeoutMs }: SandboxLimits) => `it ran longer than ${timeoutMs} ms`,
  output: () => 'it wrote too much output',
  memory: ({ memoryBytes }: SandboxLimits) => `it held more than ${mib(memoryBytes)} of memory`,
  processes: ({ processes }: SandboxLimits) => `it had more than ${processes} processes`,
  disk: ({ writtenBytes, files }: SandboxLimits) => `it wrote more than ${mib(writtenBytes)} or ${files} files`,
  unwatched: () => 'its limits could not be watched',
};
