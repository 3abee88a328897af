/** `npm run boundaries`: the dependency rule, and proof that the check read every module. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const ROOTS = ['server', 'components', 'app', 'test'];
const summarySchema = z.object({
  summary: z.object({
    error: z.number(),
    totalCruised: z.number(),
    violations: z.array(
      z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string(), severity: z.string() }) }),
    ),
  }),
  modules: z.array(z.object({ source: z.string() })),
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return path === 'server/models/demo/projects' ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const { stdout, stderr } = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    ...ROOTS,
  ],
  {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  },
);
const result = summarySchema.safeParse(stdout === '' ? null : JSON.parse(stdout));
if (!result.success) {
  console.error(`the boundary check did not run: ${stderr}`);
  process.exit(1);
}
const { summary, modules } = result.data;
const read = new Set(modules.map(({ source }) => source));
const missed = ROOTS.flatMap(sources).filter((path) => !read.has(path));
if (missed.length > 0) {
  console.error(`the boundary check missed ${missed.length} modules, first ${missed[0]}`);
  process.exit(1);
}
// The extractor does not tell type-only imports apart: the one allowed from components is looked at in the text.
const values = sources('components').filter((path) =>
  /^import (?!type\b).*server\/api\/root'/m.test(readFileSync(path, 'utf8')),
);
/**
 * Only `credits/` writes the ledger's tables: by Prisma, by a relation's nested write, by SQL, or by a `ledger_` function.
 * SQL is text to every other check, so the text is looked at.
 */
const LEDGER_WRITES = [
  /\bcredit(Balance|Entry|Hold)\s*\.\s*(create|update|upsert|delete)/i,
  /\b(creditBalance|creditEntries|creditHolds|balance|entries|holds)\s*:\s*\{\s*(create|update|upsert|delete|connectOrCreate)/i,
  /\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(\s+TABLE)?|MERGE\s+INTO)\s+(ONLY\s+)?"Credit(Balance|Entry|Hold)"/i,
  /\bledger_[a-z_]+\s*\(/,
];
const ledgerWrites = ['server', 'app', 'components', 'scripts']
  .flatMap(sources)
  .filter((path) => !/^server\/credits\/|\.test\.tsx?$/.test(path))
  .filter((path) => LEDGER_WRITES.some((write) => write.test(readFileSync(path, 'utf8'))));
for (const path of ledgerWrites) console.error(`error only-credits-writes-the-ledger: ${path}`);
for (const path of values) console.error(`error components-take-only-types-of-the-api: ${path}`);
for (const { from, to, rule } of summary.violations) console.error(`${rule.severity} ${rule.name}: ${from} -> ${to}`);
const violations = summary.error + values.length + ledgerWrites.length;
console.log(`${read.size} modules, ${violations} violations`);
process.exit(violations === 0 ? 0 : 1);
