import 'server-only';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BoundedOutput } from './bounded-output';
import type { CommandOutcome, Sandbox, SandboxCommand, SandboxLimits } from './sandbox';
import { DEFAULT_SANDBOX_LIMITS } from './sandbox';
import { watchGroup } from './watch-group';

/**
 * bubblewrap: own user, process, network and mount namespaces; no network; the system read-only; only the project's folder
 * writable. It is the floor for one tenant, not a boundary against hostile native code.
 */
export const bubblewrap: Sandbox = { id: 'bubblewrap', unavailable, run };

let probe: Promise<string | null> | undefined;

function unavailable(): Promise<string | null> {
  probe ??= (async () => {
    const directory = mkdtempSync(join(tmpdir(), 'plumbline-probe-'));
    try {
      const outcome = await run({
        directory,
        command: 'node --version',
        limits: { ...DEFAULT_SANDBOX_LIMITS, timeoutMs: 10_000 },
      });
      return outcome.exitCode === 0 ? null : `bubblewrap does not work here: ${outcome.output.trim().slice(0, 200)}`;
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      return missing
        ? 'bubblewrap is not installed (Debian: apt-get install bubblewrap)'
        : `bubblewrap does not start: ${String(error)}`;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  })();
  return probe;
}

function wrapperArguments({ directory, command, limits }: SandboxCommand): string[] {
  const binds: string[] = [];
  for (const path of [
    '/usr',
    '/lib',
    '/lib64',
    '/bin',
    '/sbin',
    '/etc/alternatives',
    '/etc/ssl/certs',
    '/etc/ld.so.cache',
  ]) {
    if (existsSync(path)) binds.push('--ro-bind', path, path);
  }
  // The Node that runs Plumbline runs the project's checks too, wherever it is installed.
  const node = realpathSync(process.execPath);
  binds.push('--ro-bind', node, '/toolchain/node');
  const npm = [join(dirname(node), '../lib/node_modules/npm'), '/usr/local/lib/node_modules/npm'].find((path) =>
    existsSync(path),
  );
  if (npm !== undefined) binds.push('--ro-bind', npm, '/toolchain-npm');
  // Address space is no measure for V8, which reserves far more than it uses: the data segment is bounded instead.
  const bounds = [
    `ulimit -d ${Math.floor(limits.memoryBytes / 1024)}`,
    `ulimit -u ${limits.processes}`,
    `ulimit -f ${Math.floor(limits.fileBytes / 512)}`,
    'ulimit -c 0',
    `ulimit -t ${Math.ceil(limits.timeoutMs / 1000)}`,
  ].join('; ');
  return [
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--hostname',
    'sandbox',
    ...binds,
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--size',
    String(256 * 1024 ** 2),
    '--tmpfs',
    '/tmp',
    // Memory-backed folders would hold what no limit of a process counts.
    '--size',
    String(64 * 1024 ** 2),
    '--tmpfs',
    '/dev/shm',
    '--bind',
    directory,
    '/project',
    '--remount-ro',
    '/dev',
    '--remount-ro',
    '/',
    '--chdir',
    '/project',
    '--clearenv',
    '--setenv',
    'PATH',
    '/toolchain:/usr/local/bin:/usr/bin:/bin',
    '--setenv',
    'HOME',
    '/tmp',
    '--setenv',
    'CI',
    'true',
    '--setenv',
    'NO_COLOR',
    '1',
    '--setenv',
    'LANG',
    'C.UTF-8',
    '--setenv',
    'PYTHONDONTWRITEBYTECODE',
    '1',
    '/bin/bash',
    '-c',
    // Below the server's own priority, so that a busy check delays nobody's page.
    `${bounds}; exec nice -n 10 /bin/bash -c "$0"`,
    command,
  ];
}

function run(input: SandboxCommand): Promise<CommandOutcome> {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn('bwrap', wrapperArguments(input), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { NODE_ENV: 'production' },
      detached: true,
    });
    const output = new BoundedOutput(input.limits.outputBytes);
    let ended: CommandOutcome['ended'] = null;
    const end = (why: NonNullable<CommandOutcome['ended']>) => {
      ended ??= why;
      if (child.pid !== undefined) killTree(child.pid);
    };
    const timer = setTimeout(() => end('timeout'), input.limits.timeoutMs);
    const unwatch = child.pid === undefined ? () => {} : watchGroup(child.pid, input.limits, end);
    const onAbort = () => end('aborted');
    input.signal?.addEventListener('abort', onAbort, { once: true });
    if (input.signal?.aborted) onAbort();
    const take = (data: Buffer) => {
      output.take(data);
      if (output.bytes > input.limits.outputBytes * 64) end('output');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => {
      clearTimeout(timer);
      unwatch();
      input.signal?.removeEventListener('abort', onAbort);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      unwatch();
      input.signal?.removeEventListener('abort', onAbort);
      const note = ended === null || ended === 'aborted' ? '' : `\n[ended: ${REASONS[ended](input.limits)}]`;
      resolve({
        exitCode: ended === null ? code : null,
        ended,
        durationMs: Date.now() - started,
        output: clean(output.text()) + note,
      });
    });
  });
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
  } catch (error) {
    // ESRCH and ENOENT: it ended meanwhile, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'ENOENT')))
      throw error;
  } finally {
    try {
      process.kill(wrapper, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

const REASONS = {
  timeout: ({ timeoutMs }: SandboxLimits) => `it ran longer than ${timeoutMs} ms`,
  output: () => 'it wrote too much output',
  memory: ({ memoryBytes }: SandboxLimits) => `it held more than ${Math.round(memoryBytes / 1024 ** 2)} MiB of memory`,
  processes: ({ processes }: SandboxLimits) => `it had more than ${processes} processes`,
};

/** Terminal colours and characters a database text cannot hold are taken out. */
function clean(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: titles and links a terminal would take
      .replaceAll(/\u001b\][^\u0007\u001b]{0,1000}(?:\u0007|\u001b\\)/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
      .replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: so are other control characters
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
  );
}
