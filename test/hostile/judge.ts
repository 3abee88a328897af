import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolder } from '@/server/workspace/sandbox/folder';
import { type CommandOutcome, DEFAULT_SANDBOX_LIMITS, type Sandbox } from '@/server/workspace/sandbox/sandbox';
import { CanaryCage, processesOf } from './canaries';
import type { HostileCase } from './case';
import { SECRET_FILES } from './reach-attacks';

export interface Verdict {
  name: string;
  breaches: string[];
  ended: CommandOutcome['ended'];
  durationMs: number;
}

/** What a command may take longer than its time limit, milliseconds, on a machine that is busy with others. */
const GRACE_MS = 6000;
/** A file of a command is searched for secrets up to this size, bytes. */
const LOOT_BYTES = 4 * 1024 ** 2;
/** What a command that was ended for its files may have written before it was seen, bytes. */
const OVERSHOOT_BYTES = 220 * 1024 ** 2;

/** Runs one variant of an attack on a driver. Judged is what happened to the host, and not what the command says. */
export async function judge(driver: Sandbox, one: HostileCase, variant: number, secret: string): Promise<Verdict> {
  const cage = await CanaryCage.open(secret);
  const folder = await openFolder();
  const limits = { ...DEFAULT_SANDBOX_LIMITS, timeoutMs: 8000, ...one.limits };
  const { mark } = cage.host;
  const breaches: string[] = [];
  let most = 0;
  const sampler = setInterval(() => {
    if (one.family === 'processes') most = Math.max(most, processesOf(mark).length);
  }, 100);
  try {
    const command = `export PLUMBLINE_MARK=${mark}; ${one.variants[variant]?.(cage.host)}`;
    const outcome = await driver.run({ directory: folder.path, command, limits });
    breaches.push(...(await judgeProcesses(mark)), ...judgeOutcome(one, outcome, limits.timeoutMs, folder.path));
    if (most > limits.processes * 2) breaches.push(`${most} processes at once`);
    breaches.push(...cage.breaches(), ...(await judgeFolder(folder.path, one, outcome, secret)));
    if (!(await folder.remove()) || existsSync(folder.path)) breaches.push('its folder was not removed');
    const name = `${one.family}: ${one.name} (${variant + 1})`;
    return { name, breaches, ended: outcome.ended, durationMs: outcome.durationMs };
  } finally {
    clearInterval(sampler);
    cage.close();
    await folder.remove();
  }
}

function judgeOutcome(one: HostileCase, outcome: CommandOutcome, timeoutMs: number, directory: string): string[] {
  const breaches = [];
  if (outcome.durationMs > timeoutMs + GRACE_MS) breaches.push('it outlived its time limit');
  if (one.ended !== undefined && one.ended.length > 0 && !one.ended.some((why) => why === outcome.ended)) {
    breaches.push(`it was to be ended for ${one.ended.join(' or ')}, and was for ${outcome.ended ?? 'nothing'}`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may reach a terminal or a page
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(outcome.output)) breaches.push('control characters');
  if (outcome.output.includes(directory)) breaches.push('a path of the host was shown');
  return breaches;
}

/** Nothing it started lives on. What does is ended, so that a failing test leaves nothing either. */
async function judgeProcesses(mark: string): Promise<string[]> {
  const deadline = Date.now() + 1500;
  // A turn of the loop at least: what reached a canary's socket is told by then.
  let alive: number[];
  do {
    await new Promise((done) => setImmediate(done));
    await new Promise((done) => setImmediate(done));
    alive = processesOf(mark);
  } while (alive.length > 0 && Date.now() < deadline);
  for (const pid of alive) process.kill(pid, 'SIGKILL');
  return alive.length === 0 ? [] : [`${alive.length} processes live on`];
}

async function judgeFolder(root: string, one: HostileCase, outcome: CommandOutcome, secret: string): Promise<string[]> {
  const breaches = [];
  const { bytes, texts } = await lootOf(root);
  if (existsSync(join(root, 'claim'))) breaches.push('the attack worked');
  const most = one.mostBytes ?? (outcome.ended === 'disk' ? OVERSHOOT_BYTES : Number.POSITIVE_INFINITY);
  if (bytes > most) breaches.push(`${bytes} bytes were written`);
  const loot = [outcome.output, ...texts].join('\n');
  if (loot.includes(secret)) breaches.push('a secret of the host was read');
  for (const path of SECRET_FILES) {
    const content = readable(path).trim();
    if (content.length >= 8 && loot.includes(content)) breaches.push(`${path} was read`);
  }
  return breaches;
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Bytes on disk in the folder, and the text of its small files. Folders that cannot be read are left out. */
async function lootOf(root: string): Promise<{ bytes: number; texts: string[] }> {
  let bytes = 0;
  const texts: string[] = [];
  for (const pending = [root]; pending.length > 0; ) {
    const folder = pending.pop() ?? '';
    if (folder.length > 3500) continue;
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isFile() || !existsSync(path)) continue;
      const file = lstatSync(path);
      bytes += file.blocks * 512;
      if (file.size < LOOT_BYTES) texts.push(readable(path));
    }
  }
  return { bytes, texts };
}
