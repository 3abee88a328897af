import 'server-only';

export type Machine = 'x64' | 'arm64';

/**
 * Numbers of system calls: [x86_64, aarch64], null where a machine has none. Sources: the kernel's
 * `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h` (aarch64 uses the generic table).
 */
export const SYSCALLS = {
  // Other processes' memory and descriptors.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // The kernel's keyrings, which namespaces do not separate.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // Large kernel surfaces that a build never needs.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  modify_ldt: [154, null],
  uselib: [134, null],
  // Mounts.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  // Namespaces. `clone` is looked at by its flags; `clone3` keeps them in memory, which a filter cannot read.
  unshare: [272, 97],
  setns: [308, 268],
  clone: [56, 220],
  clone3: [435, 435],
  // The machine itself.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  acct: [163, 89],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  syslog: [103, 116],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  vhangup: [153, 58],
  iopl: [172, null],
  ioperm: [173, null],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  // Memory that belongs to no process, so that no watcher can count it: a file in memory may be on its way between two.
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  shmget: [29, 194],
  msgget: [68, 186],
  semget: [64, 190],
  // Takes the whole disk at once, before any watcher looks again. `ioctl` is looked at by the request: some do the same.
  fallocate: [285, 47],
  ioctl: [16, 29],
  // Looked at by the option: larger buffers would hold memory that no watcher can count.
  setsockopt: [54, 208],
  // Looked at by the address family.
  socket: [41, 198],
  socketpair: [53, 199],
} as const satisfies Record<string, readonly [number, number | null]>;

export type SyscallName = keyof typeof SYSCALLS;

/** The first number this table does not know (Linux 6.10 ends with 462). What is newer is answered "not implemented". */
export const FIRST_UNKNOWN = 463;

/** The number of a system call on a machine; null where it has none. */
export function syscallNumber(name: SyscallName, machine: Machine): number | null {
  return SYSCALLS[name][machine === 'x64' ? 0 : 1];
}
