import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@/server/platform/ids';
import type { Canaries } from './case';
import { PLANTING_GROUND } from './reach-attacks';

/** Kernel settings that attacks try to write. Not all are readable everywhere. */
const WATCHED_SETTINGS = [
  'kernel/core_pattern',
  'kernel/printk_ratelimit_burst',
  'vm/overcommit_memory',
  'kernel/panic_on_oops',
];

/** What lies on the host for one case, and whether it was touched. */
export class CanaryCage {
  private constructor(
    readonly host: Canaries,
    private readonly sleeper: ChildProcess,
    private readonly stop: () => void,
    private readonly touches: string[],
    private readonly settings: ReadonlyMap<string, string>,
  ) {}

  static async open(secret: string): Promise<CanaryCage> {
    const mark = `mark-${newId()}`;
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-canary-'));
    const file = join(folder, 'canary');
    writeFileSync(file, secret);
    // Open to every user of the host: what keeps a command out is the sandbox alone.
    chmodSync(folder, 0o777);
    chmodSync(file, 0o666);
    const touches: string[] = [];
    const socketFile = join(folder, 'socket');
    const servers = [{ port: 0, host: '127.0.0.1' }, { path: `\0${mark}` }, { path: socketFile }].map((address) =>
      createServer((socket) => {
        touches.push(`a connection to ${'path' in address ? 'a Unix socket' : 'the TCP port'}`);
        socket.on('error', () => undefined).destroy();
      }).listen(address),
    ) as [Server, Server, Server];
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    udp.on('message', () => touches.push('a datagram to the UDP port'));
    await Promise.all([...servers, udp].map((one) => once(one, 'listening')));
    chmodSync(socketFile, 0o777);
    const sleeper: ChildProcess = spawn('/bin/bash', ['-c', `exec -a sleeper-${mark} sleep 600`], {
      stdio: 'ignore',
      env: { NODE_ENV: 'test' },
    });
    await once(sleeper, 'spawn');
    const address = servers[0].address();
    const host: Canaries = {
      mark,
      folder,
      file,
      secret,
      port: typeof address === 'object' && address !== null ? address.port : 0,
      udpPort: udp.address().port,
      abstractSocket: mark,
      socketFile,
      pid: sleeper.pid ?? -1,
      server: process.pid,
    };
    const stop = () => {
      for (const server of servers) server.close();
      udp.close();
    };
    return new CanaryCage(host, sleeper, stop, touches, readSettings());
  }

  /** Everything that was reached, changed or ended on the host. */
  breaches(): string[] {
    const { host, sleeper } = this;
    const found = [...this.touches];
    if (!existsSync(host.file) || readFileSync(host.file, 'utf8') !== host.secret)
      found.push('the canary file changed');
    if (readdirSync(host.folder).join() !== 'canary,socket') found.push('the canary’s folder changed');
    for (const place of [...PLANTING_GROUND, homedir()]) {
      if (existsSync(join(place, host.mark))) found.push(`a file planted in ${place}`);
    }
    if (sleeper.exitCode !== null || sleeper.signalCode !== null) found.push('a process of the host was ended');
    else if (/^\d+ \(.*\) [Tt]/s.test(readFileSync(`/proc/${host.pid}/stat`, 'utf8')))
      found.push('a process was stopped');
    for (const [name, before] of this.settings) {
      if (readSettings().get(name) === before) continue;
      found.push(`the kernel setting ${name} changed`);
      writeFileSync(`/proc/sys/${name}`, before);
    }
    return found;
  }

  close(): void {
    this.stop();
    this.sleeper.kill('SIGKILL');
    rmSync(this.host.folder, { recursive: true, force: true });
  }
}

function readSettings(): Map<string, string> {
  const readable = WATCHED_SETTINGS.filter((name) => existsSync(`/proc/sys/${name}`));
  return new Map(readable.map((name) => [name, readFileSync(`/proc/sys/${name}`, 'utf8')]));
}

/** Processes of the host's table that a case started: its mark is in their environment. */
export function processesOf(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}
