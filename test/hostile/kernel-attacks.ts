import { allowed, attack, type Canaries, callClaims, claims, type HostileCase, nodeScript, nr, perl } from './case';

const SETTINGS = [
  'kernel/core_pattern',
  'kernel/printk_ratelimit_burst',
  'vm/overcommit_memory',
  'kernel/panic_on_oops',
];

/** Ways to write a value into a file. */
const WRITERS: ((path: string, value: string) => string)[] = [
  (path, value) => `echo ${value} > ${path}`,
  (path, value) => `echo ${value} | tee ${path}`,
  (path, value) => perl(`open(my $f, "+<", "${path}") and syswrite($f, "${value}");`),
  (path, value) => nodeScript(`fs.writeFileSync("${path}", "${value}")`),
  (path, value) =>
    `cd /proc/self/root${path.slice(0, path.lastIndexOf('/'))} && echo ${value} > ./${path.split('/').at(-1)}`,
  (path, value) => `setsid bash -c "chmod 666 ${path}; echo ${value} > ${path}"; wait`,
];

const NAMESPACE_FLAGS = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  host_name: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  process: 0x20000000,
  network: 0x40000000,
};

const kernelSettings: HostileCase[] = [
  ...SETTINGS.map((setting) =>
    attack(
      'kernel settings',
      setting,
      ...WRITERS.map((write) => write(`/proc/sys/${setting}`, setting === 'kernel/core_pattern' ? 'core.canary' : '1')),
    ),
  ),
  attack('kernel settings', 'sysctl', 'sysctl -w kernel.printk_ratelimit_burst=11', 'sysctl -w kernel.core_pattern=x'),
  attack('kernel settings', 'namespace limits', claims('echo 999 > /proc/sys/user/max_user_namespaces')),
  attack('kernel settings', 'shared memory limits', claims('echo 1 > /proc/sys/kernel/shmmax')),
  // Opened and closed: nothing is asked of the kernel.
  attack('kernel settings', 'sysrq', claims('test -f /proc/sysrq-trigger && exec 9>/proc/sysrq-trigger')),
  attack('kernel settings', 'interrupts', claims('exec 9>/proc/irq/default_smp_affinity')),
  attack('kernel settings', '/sys', claims('ls /sys/kernel'), claims('ls /sys/fs/cgroup'), claims('ls /sys/firmware')),
];

const processFiles: HostileCase[] = [
  attack(
    '/proc',
    'memory of a process of the host',
    ...(['pid', 'server'] as const).map((who) => (host: Canaries) => claims(`exec 9<>/proc/${host[who]}/mem`)),
  ),
  attack(
    '/proc',
    'kernel memory',
    claims('head -c 1 /proc/kcore | grep -q .'),
    claims('head -c 1 /dev/mem'),
    claims('head -c 1 /dev/kmem'),
  ),
  attack(
    '/proc',
    'kernel log',
    claims('timeout 0.2 head -c 1 /proc/kmsg | grep -q .'),
    claims('timeout 0.2 head -c 1 /dev/kmsg | grep -q .'),
    callClaims('syslog', 10, 0, 0),
  ),
  attack(
    '/proc',
    'out-of-memory score',
    claims('echo -1000 > /proc/self/oom_score_adj'),
    claims('echo -999 > /proc/1/oom_score_adj'),
  ),
  attack(
    '/proc',
    'a way to the host',
    ({ file }) => claims(`cat /proc/1/root${file}`),
    ({ file }) => claims(`cat /proc/self/root/../..${file}`),
    ({ file }) => `echo x > /proc/1/cwd${file}; echo x > /proc/1/root${file}`,
  ),
  attack(
    '/proc',
    'a device made by hand',
    claims('mknod /project/disk b 254 0'),
    claims('mknod /tmp/memory c 1 1'),
    perl(`my $r = syscall(${allowed('mknodat')}, -100, "/project/d", 0020666, 0x101); claim() if $r != -1;`),
  ),
];

const namespaces: HostileCase[] = [
  ...Object.entries(NAMESPACE_FLAGS).map(([kind, flag]) =>
    attack(
      'namespaces',
      kind,
      callClaims('unshare', flag),
      callClaims('unshare', flag | NAMESPACE_FLAGS.user),
      perl(`my $r = syscall(${nr('clone')}, ${flag | 17}, 0, 0, 0, 0); exit 0 if $r == 0; claim() if $r > 0;`),
      perl(
        `my $r = syscall(${nr('clone')}, ${(flag | NAMESPACE_FLAGS.user) + 17}, 0, 0, 0, 0); exit 0 if $r == 0; claim() if $r > 0;`,
      ),
    ),
  ),
  attack(
    'namespaces',
    'by tools',
    claims('unshare -Urm true'),
    claims('unshare --user --pid --fork true'),
    claims('bwrap --ro-bind / / true'),
    claims('nsenter -t 1 -m true'),
  ),
  attack(
    'namespaces',
    'joining one',
    perl(`open(my $f, "<", "/proc/1/ns/mnt"); my $r = syscall(${nr('setns')}, fileno($f), 0); claim() if $r != -1;`),
  ),
  attack(
    'namespaces',
    'clone3',
    perl(
      `my $a = pack("Q11", ${NAMESPACE_FLAGS.user}, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0); my $r = syscall(${nr('clone3')}, $a, 88); exit 0 if $r == 0; claim() if $r > 0;`,
    ),
  ),
];

export const KERNEL_ATTACKS: HostileCase[] = [...kernelSettings, ...processFiles, ...namespaces];
