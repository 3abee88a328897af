import 'server-only';
import { existsSync, realpathSync } from 'node:fs';
import { env } from '@/server/platform/env';
import type { SandboxCommand } from './sandbox';

/** What of the system a command sees, read-only. Of `/etc` only what programs need to start and to check certificates. */
const SYSTEM = ['/usr', '/lib', '/lib64', '/bin', '/sbin', '/etc/alternatives', '/etc/ssl/certs', '/etc/ld.so.cache'];
/** Folders below /usr that hold the host's configuration (npm's, with its registry and tokens): shown empty. */
const HOST_CONFIGURATION = ['/usr/etc', '/usr/local/etc'];
/** Files of the same kind, beside npm itself. */
const HOST_CONFIGURATION_FILES = [
  '/usr/lib/node_modules/npm/npmrc',
  '/usr/local/lib/node_modules/npm/npmrc',
  '/usr/share/nodejs/npm/npmrc',
];
const TEMPORARY_BYTES = 256 * 1024 ** 2;
const SHARED_MEMORY_BYTES = 64 * 1024 ** 2;

/** Descriptors the wrapper gets beside the standard ones. */
export const DESCRIPTORS = { start: 3, seccomp: 4, passwd: 5 } as const;
/** The user a command sees itself as, whatever it is outside. */
export const INNER_USER = 1000;
export const PASSWD = `sandbox:x:${INNER_USER}:${INNER_USER}:sandbox:/tmp:/bin/bash\n`;

/**
 * Runs before bubblewrap, as the same process. It closes descriptors that the server's other libraries or its parent left
 * open, because bubblewrap passes them on, and waits until the watcher is ready.
 */
const LAUNCHER = [
  'cd /proc/self/fd; for fd in [0-9]*; do ((fd > 5)) && eval "exec $fd>&-"; done; cd /',
  `read -r -u ${DESCRIPTORS.start} || exit 125`,
  `exec ${DESCRIPTORS.start}<&-`,
  'exec "$@"',
].join('\n');

/** Arguments of bash, which becomes bubblewrap. `node`: the Node that the command gets. */
export function launcherArguments(wrapper: string, node: string, input: SandboxCommand): string[] {
  return ['-c', LAUNCHER, 'launcher', wrapper, ...wrapperArguments(node, input)];
}

function wrapperArguments(node: string, { directory, command, limits }: SandboxCommand): string[] {
  const there = (paths: readonly string[]) => paths.filter((path) => existsSync(path));
  return [
    // A user namespace of its own in which no further one can be made, and no capability.
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL'],
    ...['--uid', String(INNER_USER), '--gid', String(INNER_USER)],
    ...['--die-with-parent', '--new-session', '--hostname', 'sandbox'],
    ...['--seccomp', String(DESCRIPTORS.seccomp)],
    ...there(SYSTEM).flatMap((path) => ['--ro-bind', path, path]),
    ...there([...HOST_CONFIGURATION, ...ownFolders()]).flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    ...there(HOST_CONFIGURATION_FILES).flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...['--ro-bind-data', String(DESCRIPTORS.passwd), '/etc/passwd'],
    // The Node that runs Plumbline runs the project's checks too, wherever it is installed.
    ...['--ro-bind', node, '/toolchain/node'],
    // Kernel settings are not the command's user's, and are mounted read-only as well.
    ...['--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys', '--dev', '/dev'],
    ...(existsSync('/proc/sysrq-trigger') ? ['--ro-bind', '/dev/null', '/proc/sysrq-trigger'] : []),
    ...['--size', String(TEMPORARY_BYTES), '--tmpfs', '/tmp'],
    ...['--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    ...['--bind', directory, '/project', '--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/project'],
    ...['--clearenv', '--setenv', 'PATH', '/toolchain:/usr/local/bin:/usr/bin:/bin', '--setenv', 'HOME', '/tmp'],
    ...['--setenv', 'CI', 'true', '--setenv', 'NO_COLOR', '1', '--setenv', 'LANG', 'C.UTF-8'],
    ...['--setenv', 'PYTHONDONTWRITEBYTECODE', '1'],
    // Below the server's own priority, so that a busy check delays nobody's page.
    ...['/bin/bash', '-c', `${resourceLimits(limits)}; exec nice -n 10 /bin/bash -c "$0"`, command],
  ];
}

/** Plumbline's own folders, with its secrets and its data, where they lie below a folder of the system (`/usr/src/app`). */
function ownFolders(): string[] {
  return [process.cwd(), env().DATA_DIR]
    .filter((path) => existsSync(/* turbopackIgnore: true */ path))
    .map((path) => realpathSync(/* turbopackIgnore: true */ path))
    .filter((path) => SYSTEM.some((shown) => path.startsWith(`${shown}/`)));
}

/**
 * Limits the kernel holds for each process; the watcher holds the totals. bash counts -d and -f in 1,024 bytes. Address
 * space is no measure for V8, which reserves far more than it uses: the data segment is bounded instead. The process limit
 * counts threads, of which a Node has about eleven.
 */
function resourceLimits(limits: SandboxCommand['limits']): string {
  return [
    `ulimit -d ${Math.floor(limits.memoryBytes / 1024)}`,
    `ulimit -f ${Math.floor(limits.fileBytes / 1024)}`,
    `ulimit -u ${limits.processes * 2}`,
    'ulimit -n 4096',
    'ulimit -c 0',
    `ulimit -t ${Math.ceil(limits.timeoutMs / 1000)}`,
  ].join('; ');
}
