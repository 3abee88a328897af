import 'server-only';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommandOutcome, Sandbox, SandboxCommand } from './sandbox';
import { DEFAULT_SANDBOX_LIMITS } from './sandbox';

/**
 * bubblewrap: own user, process, network and mount namespaces; no network; the system read-only; only the project's folder
 * writable. It is the floor for one tenant, not a boundary against hostile native code (stack.md).
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
    '--bind',
    directory,
    '/project',
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
    `${bounds}; eval "$0"`,
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
    const kept: Buffer[] = [];
    let bytes = 0;
    let ended: CommandOutcome['ended'] = null;
    const end = (why: NonNullable<CommandOutcome['ended']>) => {
      ended ??= why;
      // The namespace's first process takes every other with it.
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => end('timeout'), input.limits.timeoutMs);
    const onAbort = () => end('aborted');
    input.signal?.addEventListener('abort', onAbort, { once: true });
    if (input.signal?.aborted) onAbort();
    const take = (data: Buffer) => {
      const room = input.limits.outputBytes - bytes;
      if (room > 0) kept.push(data.subarray(0, room));
      bytes += data.length;
      if (bytes > input.limits.outputBytes * 64) end('output');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      input.signal?.removeEventListener('abort', onAbort);
      const cut = bytes > input.limits.outputBytes ? `\n[output cut: ${bytes} bytes in all]` : '';
      const note =
        ended === 'timeout'
          ? `\n[ended after ${input.limits.timeoutMs} ms]`
          : ended === 'output'
            ? '\n[ended: too much output]'
            : '';
      resolve({
        exitCode: ended === null ? code : null,
        ended,
        durationMs: Date.now() - started,
        output: clean(Buffer.concat(kept).toString('utf8')) + cut + note,
      });
    });
  });
}

/** Terminal colours and characters a database text cannot hold are taken out. */
function clean(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
      .replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: so are other control characters
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
  );
}
