/** `npm run db:migration NAME`: writes the SQL that brings the migrations up to the schema files, for hand-finishing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { openEmbedded } from '@/server/platform/db';
import { applyMigrations, diffAgainstSchema, MIGRATIONS_DIR } from '@/server/platform/migrate';

const name = process.argv[2];
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  console.error('usage: npm run db:migration NAME   (lower case letters, digits and _)');
  process.exit(2);
}
const scratch = await openEmbedded('memory');
await applyMigrations(scratch);
const sql = await diffAgainstSchema(scratch);
await scratch.close();
if (sql === '') {
  console.log('The migrations already make what the schema says.');
} else {
  const stamp = new Date().toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const directory = `${MIGRATIONS_DIR}/${stamp}_${name}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/migration.sql`, sql);
  console.log(`${directory}/migration.sql`);
}
