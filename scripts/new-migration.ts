/** `npm run db:migration NAME`: writes the SQL that brings the migrations up to the schema files and the sources of SQL functions. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { openEmbedded } from '@/server/platform/db';
import { applyMigrations, diffAgainstSchema, MIGRATIONS_DIR } from '@/server/platform/migrate';
import { diffFunctions } from '@/server/platform/sql-functions';

const name = process.argv[2];
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  console.error('usage: npm run db:migration NAME   (lower case letters, digits and _)');
  process.exit(2);
}
const scratch = await openEmbedded('memory');
await applyMigrations(scratch);
if (scratch.pglite === null) throw new Error('no embedded database');
const { drops, changes } = await diffFunctions(scratch.pglite);
const parts = [drops, await diffAgainstSchema(scratch), changes].map((part) => part.trim());
const sql = parts.filter((part) => part !== '').join('\n\n');
await scratch.close();
if (sql === '') {
  console.log('The migrations already make what the schema files and the SQL sources say.');
} else {
  const stamp = new Date().toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const directory = `${MIGRATIONS_DIR}/${stamp}_${name}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/migration.sql`, `${sql}\n`);
  console.log(`${directory}/migration.sql`);
}
