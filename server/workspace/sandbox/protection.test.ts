import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { resetEnv } from '@/server/platform/env';
import { newSecret } from '@/server/platform/ids';
import { cleanOutput } from './clean-output';
import { delegated, openControlGroup } from './control-group';
import { probeBubblewrap } from './probe';
import { DEFAULT_SANDBOX_LIMITS, type Sandbox, sandboxLimits } from './sandbox';
import { isRoot, usableRange } from './sandbox-user';
import { isInstalled } from './toolchain';

const CHANGED = [
  'APP_ENV',
  'NEXTAUTH_SECRET',
  'APP_ENCRYPTION_KEY',
  'SMTP_URL',
  'MOCK_STRIPE_PAYMENTS',
  'SANDBOX_WRITE_MB',
  'SANDBOX_FILES',
  'SANDBOX_CGROUP',
];
afterEach(() => {
  for (const name of CHANGED) delete process.env[name];
  process.env.APP_ENV = 'test';
  resetEnv();
});

/** A real shell without any protection, in the place of bubblewrap. */
const unprotected: Sandbox['run'] = async ({ directory, command }) => {
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['-c', command], { cwd: directory, encoding: 'utf8' });
  return { exitCode: status, ended: null, durationMs: 0, output: stdout + stderr };
};

describe.skipIf(!isInstalled())('a cage that does not hold', () => {
  it('is found by the probe, and no command is run', async () => {
    const reason = await probeBubblewrap(unprotected);
    expect(reason).toMatch(/does not protect this machine \(.*seccomp.*\)/);
    expect(reason).not.toContain('APP_ENV');
  });

  it.skipIf(!isRoot())('is refused in production, with what to do about root', async () => {
    Object.assign(process.env, {
      APP_ENV: 'production',
      NEXTAUTH_SECRET: newSecret(),
      APP_ENCRYPTION_KEY: newSecret(),
      SMTP_URL: 'smtp://127.0.0.1:1',
      MOCK_STRIPE_PAYMENTS: 'true',
    });
    resetEnv();
    expect(await probeBubblewrap(unprotected)).toMatch(
      /APP_ENV=production runs as root .* start Plumbline as another user/,
    );
  });
});

describe('the user of commands', () => {
  it.each([
    ['0 0 4294967295', 1_888_000_000],
    ['0 100000 65536', 61_184],
    ['0 1000 1\n1 100000 65536', 61_184],
    ['0 1000 1', null],
    ['', null],
  ])('is taken from the ids that %j maps', (map, first) => {
    expect(usableRange(map)?.first ?? null).toBe(first);
  });
});

describe('limits', () => {
  it('are those of the environment', () => {
    expect(sandboxLimits(120_000)).toEqual(DEFAULT_SANDBOX_LIMITS);
    Object.assign(process.env, { SANDBOX_WRITE_MB: '5', SANDBOX_FILES: '7' });
    resetEnv();
    expect(sandboxLimits(1000)).toMatchObject({ writtenBytes: 5 * 1024 ** 2, files: 7, timeoutMs: 1000 });
  });

  it('take a control group only where one is delegated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-cgroup-test-'));
    try {
      expect(await delegated(folder)).toBe(false);
      process.env.SANDBOX_CGROUP = folder;
      resetEnv();
      expect(await openControlGroup(DEFAULT_SANDBOX_LIMITS)).toBeNull();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('what a user sees of an output', () => {
  it('has the paths of inside, and no escape of a terminal', () => {
    const paths = new Map([
      ['/srv/base', '/base'],
      ['/srv/base/one', '/project'],
    ]);
    expect(cleanOutput('at /srv/base/one/a.js:1, /srv/base/two', paths)).toBe('at /project/a.js:1, /base/two');
    expect(cleanOutput('\u001b]52;c;eA==\u0007a\u001b[1;31mb\u009b0m\u001bPq\u001b\\c\u0085\u007f\td\n', paths)).toBe(
      'abc\td\n',
    );
  });
});
