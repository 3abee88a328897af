import 'server-only';
import { seedCatalogue } from '@/prisma/seed';
import { openDatabase } from './db';
import { applyMigrations } from './migrate';

/** Opens the database, brings it up to date and writes the catalogue. */
export async function bootDatabase(): Promise<void> {
  const database = await openDatabase();
  await applyMigrations(database);
  await seedCatalogue(database.prisma);
}
