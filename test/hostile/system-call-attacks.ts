import { allowed, attack, callClaims, claims, type HostileCase, nr, perl } from './case';

const otherProcesses: HostileCase[] = [
  attack(
    'ptrace',
    'attach',
    callClaims('ptrace', 16, 'getppid()', 0, 0),
    callClaims('ptrace', 0x4206, 'getppid()', 0, 0),
    callClaims('ptrace', 0, 0, 0, 0),
  ),
  attack(
    'ptrace',
    'memory of others',
    perl(
      `my $b = "x" x 8; my $v = pack("QQ", 0, 0); my $r = syscall(${nr('process_vm_readv')}, getppid(), $v, 0, $v, 0, 0); claim() if $r != -1;`,
    ),
    callClaims('process_vm_writev', 'getppid()', 0, 0, 0, 0, 0),
  ),
  attack(
    'ptrace',
    'descriptors of others',
    callClaims('kcmp', '$$', '$$', 0, 0, 0),
    callClaims('pidfd_getfd', 0, 0, 0),
  ),
];

const keyrings: HostileCase[] = [
  attack(
    'keyrings',
    'add',
    perl(
      `my $t = "user"; my $d = "canary"; my $r = syscall(${nr('add_key')}, $t, $d, $d, 6, -3); claim() if $r != -1;`,
    ),
  ),
  attack(
    'keyrings',
    'read',
    callClaims('keyctl', 0, -4, 1),
    callClaims('keyctl', 0, -5, 0),
    callClaims('keyctl', 11, -3, 0, 0),
  ),
  attack(
    'keyrings',
    'request',
    perl(
      `my $t = "user"; my $d = "canary"; my $r = syscall(${nr('request_key')}, $t, $d, 0, -3); claim() if $r != -1 || $!{ENOKEY};`,
    ),
  ),
];

const largeSurfaces: HostileCase[] = [
  attack(
    'kernel surface',
    'bpf',
    perl(
      `my $a = pack("L4", 2, 4, 4, 1) . "\\0" x 112; my $r = syscall(${nr('bpf')}, 0, $a, 128); claim() if $r != -1;`,
    ),
  ),
  attack(
    'kernel surface',
    'io_uring',
    perl(`my $p = "\\0" x 120; my $r = syscall(${nr('io_uring_setup')}, 8, $p); claim() if $r != -1;`),
  ),
  attack('kernel surface', 'userfaultfd', callClaims('userfaultfd', 1), callClaims('userfaultfd', 0)),
  attack(
    'kernel surface',
    'performance events',
    perl(
      `my $a = pack("LLQ", 1, 112, 0) . "\\0" x 96; my $r = syscall(${nr('perf_event_open')}, $a, 0, -1, -1, 0); claim() if $r != -1;`,
    ),
  ),
  attack('kernel surface', 'secret memory', callClaims('memfd_secret', 0)),
  // Sent to another process, it is in no process's list until it is received.
  attack(
    'kernel surface',
    'files in memory',
    perl(`my $t = "m"; my $r = syscall(${nr('memfd_create')}, $t, 0); claim() if $r != -1;`),
    claims('python3 -c "import os; os.memfd_create(chr(109))"'),
  ),
  attack(
    'kernel surface',
    'shared memory without an owner',
    callClaims('shmget', 0, 4096, 0o1600),
    callClaims('msgget', 0, 0o1600),
    callClaims('semget', 0, 1, 0o1600),
  ),
  ...Object.entries({
    vsock: [40, 1, 0],
    packet: [17, 3, 0],
    crypto: [38, 5, 0],
    can: [29, 3, 1],
    bluetooth: [31, 3, 1],
  }).map(([kind, args]) => attack('kernel surface', `${kind} socket`, callClaims('socket', ...args))),
  attack(
    'kernel surface',
    'raw socket',
    callClaims('socket', 2, 3, 1),
    callClaims('socket', 2, 3, 255),
    callClaims('socket', 10, 3, 58),
  ),
  attack('kernel surface', 'another machine’s calls', perl(`my $r = syscall(0x40000000 + 39); claim() if $r > 0;`)),
];

const mounts: HostileCase[] = [
  attack(
    'mounts',
    'mount',
    claims('mount -t tmpfs none /project'),
    claims('mount --bind / /project'),
    perl(
      `my ($a, $b, $c) = ("none", "/tmp", "tmpfs"); my $r = syscall(${nr('mount')}, $a, $b, $c, 0, 0); claim() if $r != -1;`,
    ),
  ),
  attack(
    'mounts',
    'make writable',
    claims('mount -o remount,rw /'),
    claims('mount -o remount,bind,rw /usr'),
    claims('mount -o remount,rw /proc/sys'),
  ),
  attack(
    'mounts',
    'take away',
    claims('umount -l /proc/sys'),
    claims('umount /usr/etc'),
    perl(`my $p = "/proc/sys"; my $r = syscall(${nr('umount2')}, $p, 2); claim() if $r != -1;`),
  ),
  attack(
    'mounts',
    'new interface',
    perl(`my $t = "tmpfs"; my $r = syscall(${nr('fsopen')}, $t, 0); claim() if $r != -1;`),
    perl(`my $p = "/"; my $r = syscall(${nr('open_tree')}, -100, $p, 1); claim() if $r != -1;`),
  ),
  attack(
    'mounts',
    'another root',
    claims('chroot /project /bin/true'),
    perl(`my $p = "/tmp"; my $r = syscall(${nr('chroot')}, $p); claim() if $r != -1;`),
    perl(`my $p = "."; my $r = syscall(${nr('pivot_root')}, $p, $p); claim() if $r != -1;`),
  ),
];

const rights: HostileCase[] = [
  attack(
    'rights',
    'set-user-id programs',
    claims('su -c true'),
    claims('sudo -n true'),
    claims('pkexec true'),
    claims('cp /bin/bash /project/sh && chmod 4755 /project/sh && /project/sh -p -c "test $EUID = 0"'),
  ),
  attack(
    'rights',
    'becoming root',
    perl(`my $r = syscall(${allowed('setuid')}, 0); claim() if $r != -1;`),
    perl(
      `my $h = pack("LL", 0x20080522, 0); my $d = pack("L6", 0xffffffff, 0xffffffff, 0, 0, 0, 0); my $r = syscall(${allowed('capset')}, $h, $d); claim() if $r != -1;`,
    ),
  ),
  attack('rights', 'priority', claims('renice -n -20 $$')),
  attack(
    'rights',
    'higher limits',
    claims('ulimit -f unlimited'),
    claims('ulimit -u 100000'),
    claims('ulimit -n 1000000'),
    claims('prlimit --pid $$ --data=unlimited'),
  ),
  attack('rights', 'the clock', callClaims('settimeofday', 0, 0), claims('date -s "$(date)"')),
  attack(
    'rights',
    'modules',
    perl(`my $n = "canary"; my $r = syscall(${nr('delete_module')}, $n, 0x800); claim() if $r != -1 || $!{ENOENT};`),
    claims('modprobe loop'),
  ),
];

export const SYSTEM_CALL_ATTACKS: HostileCase[] = [
  ...otherProcesses,
  ...keyrings,
  ...largeSurfaces,
  ...mounts,
  ...rights,
];
