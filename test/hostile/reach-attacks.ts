import { attack, claims, type HostileCase, nodeScript, perl } from './case';

export const SECRET_FILES = [
  '/etc/shadow',
  '/etc/machine-id',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/etc/npmrc',
  '/usr/etc/npmrc',
  '/etc/passwd',
];
/** Folders of the host in which nothing may appear. The suite looks for the case's mark there. */
export const PLANTING_GROUND = [
  '/',
  '/tmp',
  '/dev/shm',
  '/var/tmp',
  '/etc',
  '/usr',
  '/usr/bin',
  '/usr/local',
  '/run',
  '/dev',
  '/opt',
  '/home',
];

const files: HostileCase[] = [
  attack(
    'files',
    'absolute path',
    ({ file }) => `echo x > ${file}`,
    ({ file }) => perl(`open(my $f, ">>", "${file}") and print $f "x";`),
    ({ file }) => `dd of=${file} conv=notrunc <<< x`,
  ),
  attack('files', 'dots', ({ file }) => `echo x > ..${file}; echo x > ../..${file}; cd /tmp && echo x > ..${file}`),
  attack(
    'files',
    'symbolic link',
    ({ file }) => `ln -s ${file} out && echo x > out`,
    ({ folder }) => `ln -s ${folder} out && echo x > out/new; echo x > out/canary`,
    ({ file }) => `ln -s /proc/self/root${file} out && echo x >> out`,
  ),
  attack(
    'files',
    'hard link',
    ({ file }) => `ln ${file} out && echo x > out`,
    claims('ln /etc/passwd out'),
    claims('ln /usr/bin/env out && echo x > out'),
  ),
  attack('files', 'renaming out', ({ folder }) => `echo x > f; mv f ${folder}/f; cp f ${folder}/f`),
  attack(
    'files',
    'planting',
    ({ mark }) => `for d in ${PLANTING_GROUND.join(' ')} ~ /root; do touch $d/${mark}; done`,
    ({ mark }) => `mkdir /etc/${mark} /usr/local/bin/${mark}; ln -s / /usr/${mark}`,
  ),
  attack(
    'files',
    'changing the toolchain',
    claims('echo x >> /toolchain/node'),
    claims('touch /usr/bin/env'),
    claims('chmod 777 /usr/bin/env'),
    claims('mv /toolchain/node /toolchain/old'),
  ),
  attack(
    'files',
    'changing the root',
    claims('touch /new'),
    claims('mkdir /project/../new'),
    claims('rmdir /toolchain'),
    claims('touch /etc/passwd'),
  ),
];

const secrets: HostileCase[] = [
  ...SECRET_FILES.map((path) =>
    attack(
      'secrets',
      path,
      `cat ${path} > loot`,
      `cat /proc/1/root${path} > loot`,
      nodeScript(`fs.copyFileSync("${path}", "loot")`),
    ),
  ),
  attack(
    'secrets',
    'a file of the server',
    ({ file }) => `cat ${file} > loot`,
    ({ folder }) => `cp -r ${folder} loot; ls -laR ${folder} > list`,
  ),
  attack(
    'secrets',
    'the environment',
    'env > loot; cat /proc/*/environ > all; cat /proc/[0-9]*/task/*/environ > tasks',
    ({ server }) => `cat /proc/${server}/environ > loot; ps auxeww > list`,
  ),
  attack(
    'secrets',
    'command lines',
    ({ pid }) => claims(`cat /proc/${pid}/cmdline`),
    ({ mark }) => claims(`cat /proc/[0-9]*/cmdline | tr -d "\\0" | grep -q "[s]leeper-${mark}"`),
  ),
  attack(
    'secrets',
    'npm',
    'cat ~/.npmrc /root/.npmrc /usr/local/etc/npmrc /usr/etc/* > loot',
    'npm config ls -l > loot; env | grep -i npm_config > list',
  ),
  attack(
    'secrets',
    'home folders',
    'cat ~/.ssh/* ~/.aws/* ~/.netrc ~/.git-credentials /root/.[a-z]* /home/*/.[a-z]* > loot',
    claims('ls /root'),
    claims('ls /home'),
    claims('ls /work'),
  ),
  attack(
    'secrets',
    'sockets of the system',
    claims('ls /var/run/docker.sock'),
    claims('ls /run/*'),
    claims('ls /tmp/.X11-unix'),
  ),
  attack(
    'secrets',
    'where the folder lies',
    'cat /proc/self/mountinfo /proc/mounts /proc/1/mountinfo; mount',
    'df -a; findmnt; ls -la /project /proc/self/fd; pwd -P',
  ),
  attack(
    'secrets',
    'the host’s name',
    claims('test "$(cat /proc/sys/kernel/hostname)" != sandbox'),
    claims('test "$(uname -n)" != sandbox'),
  ),
];

const network: HostileCase[] = [
  attack(
    'network',
    'TCP',
    ({ port }) => `echo x > /dev/tcp/127.0.0.1/${port}`,
    ({ port }) => nodeScript(`fetch("http://127.0.0.1:${port}/")`),
    ({ port }) =>
      perl(
        `use Socket; socket(my $s, 2, 1, 6); connect($s, pack_sockaddr_in(${port}, inet_aton("127.0.0.1"))) and syswrite($s, "x");`,
      ),
  ),
  attack(
    'network',
    'TCP by other names',
    ({ port }) =>
      `for a in localhost ::1 0.0.0.0 127.1.2.3 10.0.2.2 169.254.1.1; do timeout 0.2 bash -c "echo x > /dev/tcp/$a/${port}"; done`,
    ({ port }) => nodeScript(`require("net").connect(${port}, "::ffff:127.0.0.1").on("error", () => 0)`),
  ),
  attack(
    'network',
    'UDP',
    ({ udpPort }) => `echo x > /dev/udp/127.0.0.1/${udpPort}`,
    ({ udpPort }) =>
      nodeScript(
        `const s = require("dgram").createSocket("udp4"); s.send("x", ${udpPort}, "127.0.0.1", () => s.close())`,
      ),
  ),
  attack(
    'network',
    'abstract socket',
    ({ abstractSocket }) =>
      perl(
        `use Socket; socket(my $s, 1, 1, 0); connect($s, pack("Sa*", 1, "\\0${abstractSocket}")) and syswrite($s, "x");`,
      ),
    ({ abstractSocket }) => nodeScript(`require("net").connect("\\0${abstractSocket}").on("error", () => 0).end("x")`),
  ),
  attack(
    'network',
    'socket file',
    ({ socketFile }) => nodeScript(`require("net").connect("${socketFile}").on("error", () => 0).end("x")`),
    ({ socketFile }) =>
      `ln -s ${socketFile} s; ${perl('use Socket; socket(my $s, 1, 1, 0); connect($s, pack_sockaddr_un("s")) and syswrite($s, "x");')}`,
  ),
  attack(
    'network',
    'interfaces',
    claims('grep -v "lo:" /proc/net/dev | grep -q ":"'),
    claims('ip link add dummy0 type dummy'),
    claims('ip addr add 10.9.9.9/24 dev lo'),
  ),
];

const inherited: HostileCase[] = [
  attack(
    'descriptors',
    'writing to what was inherited',
    'cd /proc/self/fd; for n in *; do ((n > 2)) && echo canary-lost >&"$n"; done',
    'for f in /proc/[0-9]*/fd/*; do case "$f" in */0|*/1|*/2) ;; *) timeout 0.1 bash -c "echo canary-lost > $f";; esac; done',
    perl('for my $n (3 .. 1023) { open(my $f, ">&=", $n) and syswrite($f, "canary-lost"); }'),
  ),
  attack(
    'descriptors',
    'descriptors of others',
    ({ server }) => `for f in /proc/${server}/fd/*; do echo canary-lost > $f; done`,
  ),
];

const signals: HostileCase[] = [
  attack(
    'signals',
    'a process of the host',
    ({ pid }) => `kill -9 ${pid}; kill -STOP ${pid}`,
    ({ pid }) => perl(`kill "KILL", ${pid};`),
    ({ server }) => `kill -9 ${server}; kill -TERM -${server}`,
  ),
  attack(
    'signals',
    'everything',
    'kill -9 -1',
    perl('kill "KILL", -1;'),
    'kill -9 0',
    'pkill -9 .; killall5 -9',
    'kill -9 1; kill -9 $PPID',
  ),
  attack('signals', 'by name', ({ mark }) => `pkill -9 -f sleeper-${mark}; pkill -9 node; killall -9 bash`),
];

export const REACH_ATTACKS: HostileCase[] = [...files, ...secrets, ...network, ...inherited, ...signals];
