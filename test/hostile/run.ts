/**
 * Attacks a driver from a process of its own, as whatever user it is started: `node --import ./scripts/register.mjs
 * test/hostile/run.ts DRIVER EVERY VARIANTS`: every n-th attack, in at most so many variants. Writes the verdicts as one line of JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { newSecret } from '@/server/platform/ids';
import { bubblewrap } from '@/server/workspace/sandbox/bubblewrap';
import type { Sandbox } from '@/server/workspace/sandbox/sandbox';
import type { HostileCase } from './case';
import { judge, type Verdict } from './judge';
import { KERNEL_ATTACKS } from './kernel-attacks';
import { REACH_ATTACKS } from './reach-attacks';
import { RESOURCE_ATTACKS } from './resource-attacks';
import { SYSTEM_CALL_ATTACKS } from './system-call-attacks';

/** How many attacks run side by side: many only wait, and other suites run beside this one. */
const AT_ONCE = 4;
const ALL = [...KERNEL_ATTACKS, ...SYSTEM_CALL_ATTACKS, ...REACH_ATTACKS, ...RESOURCE_ATTACKS];
/** Attacks that harm nothing where there is no sandbox. */
const HARMLESS = [
  'absolute path',
  'a file of the server',
  'the environment',
  'TCP',
  'UDP',
  'abstract socket',
  'socket file',
  'orphans',
];

/** Families of attacks that a watcher which looks every so often has to see in time. */
const RACED = ['memory', 'processes', 'looks', 'disk'];

/** No sandbox at all: it proves that the judge sees what it judges. */
const nothing: Sandbox = {
  id: 'nothing',
  unavailable: async () => null,
  run: async ({ directory, command }) => {
    const child = spawn('/bin/bash', ['-c', command], { cwd: directory, stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    return { exitCode: Number(code), ended: null, durationMs: 0, output: '' };
  },
};

const [, , name, every, variants] = process.argv;
const driver = [bubblewrap, nothing].find(({ id }) => id === name);
if (driver === undefined) throw new Error(`no driver ${name}`);
const reason = await driver.unavailable();
if (reason !== null) throw new Error(reason);
// The attacks on inherited descriptors attack nothing unless there is one.
fstatSync(Number(process.env.INHERITED_FD));
const secret = newSecret();
process.env.PLUMBLINE_CANARY_SECRET = secret;

const attacks = ALL.filter((one, index) =>
  driver === nothing ? HARMLESS.includes(one.name) : index % Number(every) === 0,
).flatMap((one) => one.variants.slice(0, Number(variants)).map((_, variant): [HostileCase, number] => [one, variant]));
const verdicts: Verdict[] = [];
const queue = attacks.values();
/**
 * Whether the watcher or the attack comes first depends on what else this machine does: one that worked is repeated with nothing
 * beside it, and only that counts.
 */
const raced = (one: HostileCase) => driver !== nothing && RACED.includes(one.family);
const again: [HostileCase, number][] = [];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const [one, variant] of queue) {
      const verdict = await judge(driver, one, variant, secret);
      if (verdict.breaches.length > 0 && raced(one)) again.push([one, variant]);
      else verdicts.push(verdict);
    }
  }),
);
for (const [one, variant] of again) verdicts.push(await judge(driver, one, variant, secret));
process.stdout.write(`${JSON.stringify(verdicts)}\n`, () => process.exit(0));
