import 'server-only';
import { assemble, type Step } from './assembler';
import { FIRST_UNKNOWN, type Machine, SYSCALLS, type SyscallName, syscallNumber } from './syscalls';

/** Answers of a filter. Source: `linux/seccomp.h`; the error number stands in the low 16 bits. */
export const ANSWER = { allow: 0x7fff0000, error: 0x00050000, kill: 0x80000000 } as const;
/** Error numbers. Source: `asm-generic/errno-base.h` and `asm-generic/errno.h`. */
export const ERRNO = { EPERM: 1, ENOSYS: 38, EOPNOTSUPP: 95, EAFNOSUPPORT: 97 } as const;
/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64. Source: `linux/audit.h`. */
export const AUDIT_ARCH: Record<Machine, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** Offsets in `struct seccomp_data`: the call's number, the machine's word size and order, the low halves of arguments. */
export const DATA = { number: 0, arch: 4, argument0: 16, argument1: 24, argument2: 32 } as const;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. Source: `linux/sched.h`. */
export const CLONE_NAMESPACES = 0x7e020000;
/** Unix, IPv4, IPv6 and netlink. Others (vsock, packet, kernel crypto) are not bound to a namespace or are large surfaces. */
export const SOCKET_FAMILIES = [1, 2, 10, 16] as const;
/** SOL_SOCKET and its SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE. Source: `asm-generic/socket.h`. */
export const SOL_SOCKET = 1;
export const BUFFER_SIZES = [7, 8, 32, 33] as const;
/** FS_IOC_RESVSP, FS_IOC_RESVSP64 and FS_IOC_ZERO_RANGE, the older names of fallocate(2). Source: `linux/falloc.h`. */
export const RESERVATIONS = [0x40305828, 0x4030582a, 0x40305839] as const;

/** Programs have a way without these, and take it when the kernel does not have them. All others get "not permitted". */
const NOT_IMPLEMENTED = new Set<SyscallName>([
  'clone3',
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'memfd_create',
  'memfd_secret',
  'shmget',
  'msgget',
  'semget',
]);
const BY_ARGUMENT = new Set<SyscallName>(['clone', 'ioctl', 'setsockopt', 'socket', 'socketpair']);

/** The filter each command runs under, for one machine. */
export function seccompFilter(machine: Machine): Buffer {
  const refusals: Step[] = [];
  for (const name of Object.keys(SYSCALLS) as SyscallName[]) {
    const number = syscallNumber(name, machine);
    if (number === null || BY_ARGUMENT.has(name)) continue;
    const to = name === 'fallocate' ? 'not supported' : NOT_IMPLEMENTED.has(name) ? 'not implemented' : 'not permitted';
    refusals.push({ do: 'ifEqual', k: number, to });
  }
  const numberOf = (name: SyscallName) => syscallNumber(name, machine) ?? 0;
  return assemble([
    { do: 'load', k: DATA.arch },
    // A 32-bit call has other numbers: the whole table would be read wrongly.
    { do: 'ifEqual', k: AUDIT_ARCH[machine], otherwise: 'kill' },
    { do: 'load', k: DATA.number },
    // Also every call of x32, whose numbers start at 0x40000000.
    { do: 'ifAtLeast', k: FIRST_UNKNOWN, to: 'not implemented' },
    { do: 'ifEqual', k: numberOf('clone'), to: 'clone' },
    { do: 'ifEqual', k: numberOf('ioctl'), to: 'ioctl' },
    { do: 'ifEqual', k: numberOf('setsockopt'), to: 'setsockopt' },
    { do: 'ifEqual', k: numberOf('socket'), to: 'socket' },
    { do: 'ifEqual', k: numberOf('socketpair'), to: 'socket' },
    ...refusals,
    { do: 'answer', k: ANSWER.allow },
    { label: 'clone' },
    { do: 'load', k: DATA.argument0 },
    { do: 'ifAnyBit', k: CLONE_NAMESPACES, to: 'not permitted', otherwise: 'allow' },
    { label: 'ioctl' },
    { do: 'load', k: DATA.argument1 },
    ...RESERVATIONS.map((k): Step => ({ do: 'ifEqual', k, to: 'not supported' })),
    { do: 'answer', k: ANSWER.allow },
    { label: 'setsockopt' },
    { do: 'load', k: DATA.argument1 },
    { do: 'ifEqual', k: SOL_SOCKET, otherwise: 'allow' },
    { do: 'load', k: DATA.argument2 },
    ...BUFFER_SIZES.map((k): Step => ({ do: 'ifEqual', k, to: 'done' })),
    { do: 'answer', k: ANSWER.allow },
    { label: 'socket' },
    { do: 'load', k: DATA.argument0 },
    ...SOCKET_FAMILIES.map((k): Step => ({ do: 'ifEqual', k, to: 'allow' })),
    { do: 'answer', k: ANSWER.error | ERRNO.EAFNOSUPPORT },
    { label: 'allow' },
    { do: 'answer', k: ANSWER.allow },
    { label: 'not permitted' },
    { do: 'answer', k: ANSWER.error | ERRNO.EPERM },
    { label: 'not implemented' },
    { do: 'answer', k: ANSWER.error | ERRNO.ENOSYS },
    // Programs such as posix_fallocate(3) write instead.
    { label: 'not supported' },
    { do: 'answer', k: ANSWER.error | ERRNO.EOPNOTSUPP },
    // A size is a wish: the kernel itself takes less of it without a word.
    { label: 'done' },
    { do: 'answer', k: ANSWER.error },
    { label: 'kill' },
    { do: 'answer', k: ANSWER.kill },
  ]);
}

/** The machine this process runs on, null where the filter is not written for it. */
export function thisMachine(arch: string = process.arch): Machine | null {
  return arch === 'x64' || arch === 'arm64' ? arch : null;
}
