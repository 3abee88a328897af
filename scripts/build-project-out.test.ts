import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

// The unusable model ends the command in any case: nothing is ever built here.
test.each(['package.json', 'package.json/below'])(
  '--out %s cannot be a directory: exit 2 and a plain message',
  (out) => {
    const args = [
      '--import',
      './scripts/register.mjs',
      'scripts/build-project.ts',
      'a list',
      '--out',
      out,
      '--model',
      'x',
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toContain('--out must be a directory');
    expect(status).toBe(2);
  },
);
