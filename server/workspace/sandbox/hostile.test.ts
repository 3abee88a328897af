import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '@/test/hostile/judge';
import { suiteSize } from '@/test/suite-size';
import { bubblewrap } from './bubblewrap';
import { isRoot } from './sandbox-user';

const reason = await bubblewrap.unavailable();
if (reason !== null) console.warn(`hostile commands skipped: ${reason}`);

/** An ordinary user of the host, whose id needs no entry in its list of users. */
const OTHER_USER = 64_001;
const FULL_MS = 600_000;
const INHERITED_FD = 200;

/** Attacks a driver from a process that has inherited an open file, as a user of the host. */
async function attackAs(
  driver: string,
  every: number,
  variants: number,
  user?: number,
): Promise<{ verdicts: Verdict[]; inherited: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-inherited-'));
  try {
    const file = join(folder, 'file');
    writeFileSync(file, 'untouched');
    chmodSync(folder, 0o755);
    chmodSync(file, 0o666);
    const program = [
      '--import',
      './scripts/register.mjs',
      'test/hostile/run.ts',
      driver,
      String(every),
      String(variants),
    ];
    const shell = `exec ${INHERITED_FD}>>"$0"; exec "$@"`;
    const child = spawn('/bin/bash', ['-c', shell, file, process.execPath, ...program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        HOME: user === undefined ? process.env.HOME : tmpdir(),
        NODE_ENV: 'test',
        APP_ENV: 'test',
        INHERITED_FD: String(INHERITED_FD),
      },
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    const [written] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { verdicts: JSON.parse(written), inherited: readFileSync(file, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for each attack that reached something, whole, so that the last lines of a long log name it. */
const broken = (verdicts: readonly Verdict[]) =>
  verdicts
    .filter(({ breaches }) => breaches.length > 0)
    .map(
      ({ name, breaches, ended, durationMs }) =>
        `${name}, ended for ${ended ?? 'nothing'} after ${durationMs} ms: ${breaches.join('; ')}`,
    )
    .join('\n');

describe.skipIf(reason !== null)('hostile commands', () => {
  it('are seen by the judge where there is no sandbox', async () => {
    const { verdicts } = await attackAs('nothing', 1, 1);
    expect(verdicts.length).toBeGreaterThanOrEqual(8);
    expect(verdicts.filter(({ breaches }) => breaches.length === 0)).toEqual([]);
  });

  // Root and another user have the same driver; the other one takes every second attack in the short form.
  const runs: [string, number, number?][] = [['this user', 1]];
  if (isRoot()) runs.push(['another user', suiteSize(2, 1), OTHER_USER]);
  it.each(runs)(
    'reach, change and end nothing on the host, as %s',
    async (_, every, user) => {
      const { verdicts, inherited } = await attackAs('bubblewrap', every, suiteSize(1, 10), user);
      expect(broken(verdicts)).toBe('');
      expect(verdicts.length).toBeGreaterThanOrEqual(60);
      expect(inherited).toBe('untouched');
    },
    FULL_MS,
  );
});
