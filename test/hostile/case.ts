import type { CommandOutcome, SandboxLimits } from '@/server/workspace/sandbox/sandbox';
import { SYSCALLS, type SyscallName } from '@/server/workspace/sandbox/seccomp/syscalls';

/** What lies on the host for one case: nothing of it may be reached, changed or ended. */
export interface Canaries {
  /** Unique to the case: in the environment of each process it starts, and in the name of each file it plants. */
  mark: string;
  folder: string;
  file: string;
  /** Content of `file`, of the server's environment, and of a file that only its owner may read. */
  secret: string;
  port: number;
  udpPort: number;
  abstractSocket: string;
  socketFile: string;
  /** A process that only sleeps. */
  pid: number;
  /** The server that started the command. */
  server: number;
}

/**
 * One attack. Each variant is the same attack by another way. An attack that can only be seen from inside creates
 * `/project/claim` when it has worked.
 */
export interface HostileCase {
  family: string;
  name: string;
  variants: ((host: Canaries) => string)[];
  limits?: Partial<SandboxLimits>;
  /** How the driver has to end it. */
  ended?: NonNullable<CommandOutcome['ended']>[];
  /** What may lie in the folder at most when it has ended, bytes on disk. */
  mostBytes?: number;
}

export function attack(
  family: string,
  name: string,
  ...variants: (string | ((host: Canaries) => string))[]
): HostileCase {
  return { family, name, variants: variants.map((one) => (typeof one === 'string' ? () => one : one)) };
}

/** Perl has raw system calls. `claim` says that an attack worked. */
export function perl(code: string): string {
  const text = `use strict; sub claim { open(my $f, ">", "/project/claim"); } ${code}`;
  return `perl -e '${text.replaceAll("'", `'\\''`)}'`;
}

/** `hold()` says that an attack worked when the process still lives a while later. */
export function python(code: string): string {
  const text = `import time\ndef hold():\n    time.sleep(2); open("/project/claim", "w"); time.sleep(20)\n${code}`;
  return `python3 -c '${text.replaceAll("'", `'\\''`)}'`;
}

export function nodeScript(code: string): string {
  return `node -e '${code.replaceAll("'", `'\\''`)}'`;
}

/** The attack worked when a command succeeds. */
export function claims(command: string): string {
  return `(${command}) && touch /project/claim`;
}

/** The number of a system call on this machine. One that it does not have is -1, which every kernel refuses. */
export function nr(name: SyscallName): number {
  return SYSCALLS[name][process.arch === 'arm64' ? 1 : 0] ?? -1;
}

/** Calls that are allowed, and needed by attacks: x86_64, aarch64. */
const ALLOWED = {
  mmap: [9, 222],
  munmap: [11, 215],
  read: [0, 63],
  mprotect: [10, 226],
  setuid: [105, 146],
  capset: [126, 91],
  mknodat: [259, 33],
  setpriority: [141, 140],
} as const;

export function allowed(name: keyof typeof ALLOWED): number {
  return ALLOWED[name][process.arch === 'arm64' ? 1 : 0];
}

/** The attack worked when a system call is not refused. */
export function callClaims(name: SyscallName, ...args: (string | number)[]): string {
  return perl(`my $r = syscall(${[nr(name), ...args].join(', ')}); claim() if $r != -1;`);
}
