import { allowed, attack, claims, type HostileCase, nodeScript, perl, python } from './case';

const MIB = 1024 ** 2;
/** Limits that attacks pass quickly. */
const MEMORY = { memoryBytes: 192 * MIB, timeoutMs: 20_000 };
const PROCESSES = { processes: 40, timeoutMs: 15_000 };
const DISK = { writtenBytes: 24 * MIB, files: 400, fileBytes: 8 * MIB, timeoutMs: 20_000 };
/** It has what it wanted when it still lives after this. */
const HOLD = 'sleep 2; touch /project/claim; sleep 20';

type Way = Parameters<typeof attack>[2];

const grow = (name: string, ...ways: Way[]): HostileCase => ({
  ...attack('memory', name, ...ways),
  limits: MEMORY,
});
const fork = (name: string, ...ways: Way[]): HostileCase => ({
  ...attack('processes', name, ...ways),
  limits: PROCESSES,
});
const fill = (name: string, ...ways: Way[]): HostileCase => ({
  ...attack('disk', name, ...ways),
  limits: DISK,
  ended: ['disk'],
});

/** Reserves `mib` of shared memory without a name and fills it by a read from /dev/zero. MAP_SHARED | MAP_ANONYMOUS. */
const sharedMap = (mib: number) =>
  `my $n = ${mib} * 1048576; my $m = syscall(${allowed('mmap')}, 0, $n, 3, 0x21, -1, 0); open(my $z, "<", "/dev/zero");
   for (my $o = 0; $o < $n; $o += 1048576) { syscall(${allowed('read')}, fileno($z), $m + $o, 1048576); }`;
/** Pairs of Unix sockets, each filled until it takes no more. */
const sockets = `use Socket; my @keep; my $b = "x" x 32768;
   while (socketpair(my $a, my $c, AF_UNIX, SOCK_STREAM, 0)) {
     for ($a, $c) { setsockopt($_, SOL_SOCKET, SO_SNDBUF, 1 << 23); $_->blocking(0); 1 while syswrite($_, $b); }
     push @keep, $a, $c;
   }`;
const claimAndHold = 'sleep 2; claim(); sleep 20;';

const memory: HostileCase[] = [
  { ...grow('shared map of one process', perl(`${sharedMap(400)} ${claimAndHold}`)), ended: ['memory'] },
  {
    ...grow(
      'shared maps of many',
      perl(`for (1 .. 6) { next if fork; ${sharedMap(60)} sleep 20; } sleep 1; 1 while wait > 0; claim();`),
    ),
    ended: ['memory'],
  },
  {
    ...grow(
      'full sockets',
      perl(`use IO::Handle; for (1 .. 4) { next if fork; ${sockets} sleep 20; } ${claimAndHold}`),
      python(`
import socket
full = socket.create_server(("127.0.0.1", 0), backlog=400)
keep = []
for i in range(200):
    one = socket.create_connection(full.getsockname()); one.setblocking(False); keep += [one, full.accept()[0]]
    try:
        while one.send(b"x" * 1048576): pass
    except BlockingIOError: pass
hold()`),
    ),
    ended: ['memory'],
  },
  {
    // Each page that is read takes no memory itself, and one page of tables for every 2 MiB of addresses.
    ...grow(
      'tables of pages',
      python(`
import mmap
keep = []
for i in range(8):
    keep.append(mmap.mmap(-1, 1 << 37, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ))
    for at in range(0, 1 << 37, 1 << 21): keep[-1][at]
hold()`),
    ),
    ended: ['memory'],
  },
  {
    ...grow(
      'temporary folders',
      `for i in 1 2 3 4; do head -c 60M /dev/zero > /tmp/$i & done; wait; ${HOLD}`,
      `for i in 1 2 3; do head -c 50M /dev/zero > /tmp/$i; done; head -c 60M /dev/zero > /dev/shm/b; ${HOLD}`,
    ),
    ended: ['memory'],
  },
  {
    ...grow(
      'many processes together',
      `for i in 1 2 3 4 5 6; do ${perl('my $x = "x" x (60 * 1048576); sleep 20;')} & done; sleep 4; ${HOLD}`,
    ),
    ended: ['memory'],
  },
  {
    ...grow(
      'detached processes',
      `for i in 1 2 3 4 5 6; do setsid -f ${perl('exit if fork; my $x = "x" x (60 * 1048576); sleep 20;')}; done; sleep 4; ${HOLD}`,
    ),
    ended: ['memory'],
  },
  // Refused by the process's own limit.
  grow(
    'one process',
    perl(`my $x = "x" x (400 * 1048576); ${claimAndHold}`),
    nodeScript(
      'const a = []; for (let i = 0; i < 40; i++) a.push(Buffer.alloc(1e7, 1)); fs.writeFileSync("claim", "")',
    ),
  ),
];

const processes: HostileCase[] = [
  fork(
    'bomb',
    'bomb() { bomb | bomb & }; bomb; sleep 5',
    'b() { b & b & }; b; sleep 5',
    'echo "./f & ./f &" > f; chmod +x f; bash ./f; sleep 5',
  ),
  {
    ...fork('loop', perl('for (1 .. 120) { next if fork; sleep 20; exit; } sleep 2; claim(); sleep 20;')),
    ended: ['processes'],
  },
  {
    ...fork('sessions of their own', 'for i in {1..120}; do setsid sleep 20 & done; sleep 1; touch claim; sleep 20'),
    ended: ['processes'],
  },
  {
    ...fork(
      'forked twice',
      perl(
        'use POSIX; for (1 .. 120) { next if fork; POSIX::setsid(); exit if fork; sleep 20; exit; } sleep 2; claim(); sleep 20;',
      ),
    ),
    ended: ['processes'],
  },
  {
    ...fork(
      'sessions that take the processor',
      'for i in {1..30}; do setsid bash -c "while :; do :; done" & done; sleep 4; touch claim; sleep 20',
    ),
    ended: ['processes'],
  },
  fork('ignoring every signal', perl('$SIG{$_} = "IGNORE" for keys %SIG; while (1) { fork; }')),
  fork(
    'threads',
    nodeScript(
      'const { Worker } = require("worker_threads"); for (let i = 0; i < 60; i++) new Worker("setInterval(() => 0, 1000)", { eval: true }).on("error", () => process.exit(1)); setTimeout(() => { fs.writeFileSync("claim", ""); }, 2500)',
    ),
  ),
];

/** A look at them would take so long that no other limit of any command is held by then. */
const unwatchable: HostileCase[] = [
  {
    ...attack(
      'looks',
      'open files',
      perl(
        'for (1 .. 20) { next if fork; my @k; while (open(my $f, "<", "/dev/null")) { push @k, $f; } sleep 20; exit; } sleep 8; claim(); sleep 20;',
      ),
    ),
    limits: { timeoutMs: 20_000 },
    ended: ['unwatched'],
  },
  {
    ...attack(
      'looks',
      'mappings',
      perl(
        `my $m = syscall(${allowed('mmap')}, 0, 4096 * 61000, 1, 0x22, -1, 0);
         for (my $i = 0; $i < 60000; $i += 2) { syscall(${allowed('mprotect')}, $m + 4096 * $i, 4096, 0); }
         for (1 .. 10) { next if fork; sleep 20; exit; } sleep 8; claim(); sleep 20;`,
      ),
    ),
    limits: { timeoutMs: 20_000 },
    ended: ['unwatched', 'memory'],
  },
];

const disk: HostileCase[] = [
  fill(
    'many files',
    'for i in {1..60}; do head -c 4M /dev/zero > f$i; done; sleep 2; touch claim',
    perl('my $b = "x" x 4194304; for (1 .. 60) { open(my $f, ">", "f$_"); syswrite($f, $b); } sleep 2; claim();'),
  ),
  fill(
    'deleted files that stay open',
    perl(
      'my @keep; my $b = "x" x 4194304; for (1 .. 60) { open(my $f, ">", "f"); syswrite($f, $b); unlink "f"; push @keep, $f; } sleep 2; claim(); sleep 20;',
    ),
  ),
  fill(
    'deleted files that stay mapped',
    perl(
      `my $b = "x" x 4194304; for (1 .. 60) { open(my $f, "+>", "f"); syswrite($f, $b); syscall(${allowed('mmap')}, 0, 4096, 1, 1, fileno($f), 0); unlink "f"; close $f; } sleep 2; claim(); sleep 20;`,
    ),
  ),
  fill(
    'too many files',
    'for i in {1..900}; do : > f$i; done; sleep 2; touch claim',
    'mkdir d; for i in {1..30}; do mkdir d/$i; touch d/$i/{1..30}; done; sleep 2; touch claim',
  ),
  fill('too many folders', 'mkdir -p {1..9}/{1..9}/{1..9}; sleep 2; touch claim'),
  fill(
    'too many links',
    perl('open(my $f, ">", "f"); link("f", "l$_") for 1 .. 900; sleep 2; claim();'),
    perl('symlink("x", "l$_") for 1 .. 900; sleep 2; claim();'),
  ),
  fill(
    'too many temporary files',
    'for i in {1..900}; do : > /tmp/f$i; done; sleep 2; touch claim',
    'touch /dev/shm/{1..900}; sleep 2; touch claim',
  ),
  fill(
    'in an unreadable folder',
    'mkdir d; cd d; for i in {1..60}; do head -c 4M /dev/zero > f$i; chmod 300 .; done; sleep 2; touch /project/claim',
  ),
  fill(
    'deeper than a path',
    perl('my $n = "d" x 200; for (1 .. 60) { mkdir $n; chdir $n; } sleep 2; claim(); sleep 20;'),
  ),
  { ...fill('one large file', 'head -c 60M /dev/zero > f; sleep 0.2'), ended: [], mostBytes: 9 * MIB },
  {
    ...fill(
      'a file of the greatest size',
      'head -c 8388609 /dev/zero > f && touch claim; sleep 0.2',
      'truncate -s 8388609 f && touch claim',
      'fallocate -l 8388609 f && touch claim',
    ),
    ended: [],
    mostBytes: 9 * MIB,
  },
  {
    ...fill(
      'sparse file',
      'truncate -s 1T f && touch claim',
      'dd if=/dev/zero of=f bs=1 count=1 seek=1T && touch claim',
    ),
    ended: [],
    mostBytes: 9 * MIB,
  },
  {
    // At once, before any watcher could look.
    ...fill(
      'reserved space',
      'touch f; fallocate -n -l 60M f && touch claim',
      'for i in {1..200}; do fallocate -l 1M f$i && touch claim; done',
      ...[0x40305828, 0x4030582a, 0x40305839].map((request) =>
        perl(
          `open(my $f, "+>", "f"); my $r = pack("s2 x4 q2 l2 l4", 0, 0, 0, 62914560, 0, 0, 0, 0, 0, 0); claim() if ioctl($f, ${request}, $r);`,
        ),
      ),
    ),
    ended: [],
    mostBytes: MIB,
  },
];

const leftovers: HostileCase[] = [
  attack(
    'clean-up',
    'folders deeper than a path',
    perl(
      'my $n = "d" x 250; for (1 .. 40) { mkdir $n; chdir $n; open(my $f, ">", "f"); print $f "x" x 4096; } claim() if 0;',
    ),
  ),
  attack(
    'clean-up',
    'unreadable folders',
    'mkdir -p a/b/c; touch a/b/c/f; chmod 000 a/b/c a/b a',
    'mkdir -p a/b; touch a/b/f; chmod 555 a/b a; chmod 000 /project',
  ),
  attack(
    'clean-up',
    'special files',
    'mkfifo pipe; ln -s / out; ln -s loop loop; touch -- "-rf" "*" $\'new\\nline\' $\'\\xff\\xfe\'',
    perl('use Socket; socket(my $s, 1, 1, 0); bind($s, pack_sockaddr_un("sock")); mkdir "\\xff" x 255; mkdir "~x";'),
  ),
  attack('clean-up', 'locked files', 'touch f; chattr +i f; chmod 000 f; mkdir d; touch d/f; chmod 1000 d'),
];

const endings: HostileCase[] = [
  {
    ...attack(
      'endings',
      'deaf to TERM',
      "trap '' TERM INT HUP; while :; do sleep 0.1; done",
      perl('$SIG{$_} = "IGNORE" for keys %SIG; 1 while 1;'),
    ),
    limits: { timeoutMs: 600 },
    ended: ['timeout'],
  },
  {
    ...attack('endings', 'stopped', 'kill -STOP $$', 'kill -STOP $PPID; sleep 20; '),
    limits: { timeoutMs: 600 },
    ended: ['timeout'],
  },
  attack(
    'endings',
    'orphans',
    'setsid -f sleep 30; (sleep 30 &) ; disown -a; exit 0',
    perl('for (1 .. 5) { next if fork; exit if fork; close STDOUT; close STDERR; sleep 30; exit; }'),
    'nohup sleep 30 & exit 0',
  ),
  {
    ...attack(
      'endings',
      'flood of output',
      'yes',
      'cat /dev/zero',
      'yes >&2',
      perl('my $x = "x" x 1048576; print $x while 1;'),
    ),
    ended: ['output'],
  },
  attack(
    'endings',
    'terminal escapes',
    "printf '\\033]0;title\\007\\033[2J\\033]52;c;eA==\\007\\x9b31m\\r\\b\\033P1$r\\033\\\\'",
    "printf '\\033c\\033[?1049h\\033[6n\\x00\\x07'",
  ),
  attack('endings', 'writing to the terminal', claims('echo x > /dev/tty'), claims('echo x > /dev/console')),
];

export const RESOURCE_ATTACKS: HostileCase[] = [
  ...memory,
  ...processes,
  ...unwatchable,
  ...disk,
  ...leftovers,
  ...endings,
];
