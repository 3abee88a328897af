/** `npm run bench`: every figure in turn, each in a process of its own. `npm run bench NAME` runs one. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const NOT_FIGURES = new Set(['run.ts', 'report.ts', 'count-queries.ts']);
const only = process.argv[2];
let failed = 0;
for (const name of readdirSync('bench')
  .filter((file) => file.endsWith('.ts') && !NOT_FIGURES.has(file))
  .sort()) {
  if (only !== undefined && name !== `${only}.ts`) continue;
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, ['--import', './scripts/register.mjs', `bench/${name}`], {
    stdio: 'inherit',
  });
  if (status !== 0) failed++;
}
// A figure that misses its goal is printed as such; only a bench that could not run is a failure.
process.exit(failed === 0 ? 0 : 1);
