/**
 * Reserve + settle pairs a second, with 1 and 16 clients, 1 and 1,000 organizations, on the embedded database (on disk, as
 * `npm start` has it) and, with TEST_DATABASE_URL, on that Postgres. Beside them, in turns in the same run, the machine's
 * own limit: a bare single-row `UPDATE ... RETURNING` by the same number of clients over the same number of rows.
 * `database`: the ledger's functions called by the bare driver. `product`: `reserve` and `settle` as the application calls
 * them. Goals: half of the limit, 1,500 pairs/s (1,000 organizations), 500 pairs/s (one), embedded reserve p50 1.5 ms.
 * A pair is two transactions, so the ratio is given for pairs and, in brackets, for transactions. The CPU time is this
 * process's own: with the embedded database that is all there is, and holds on a machine that others keep busy.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedCatalogue } from '@/prisma/seed';
import { auditLedger } from '@/server/credits/ledger/audit';
import { reserve, settle } from '@/server/credits/ledger/ledger';
import { closeDatabase, type Database, openEmbedded, useDatabase } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { applyMigrations } from '@/server/platform/migrate';
import { seedAccounts } from '@/test/pressure';
import { closeTestDb, testDb } from '@/test/test-db';

const ROUNDS = 5;
const ROUND_MS = 700;
const FUNDS = 1_000_000_000_000n;
const GOALS = new Map([
  [1, 500],
  [1_000, 1_500],
]);

type Query = (name: string, text: string, values: unknown[]) => Promise<unknown>;
/** One operation of one client on one organization; returns the milliseconds of its reserve, if it made one. */
type Operation = (client: number, organizationId: string) => Promise<number | undefined>;

const LIMIT = 'UPDATE bench_limit SET n = n + 1 WHERE id = $1 RETURNING n';
const RESERVE =
  "SELECT * FROM ledger_reserve($1, $2, 1000, $3, now(), now() + interval '1 hour', NULL, NULL, NULL, NULL, 'bench')";
const SETTLE = "SELECT * FROM ledger_settle($1, $2, $3, 900, 1000, NULL, NULL, NULL, '{}'::jsonb, now())";

/** Sends a statement on connection `client`, prepared once where the driver can. */
async function connect(database: Database, clients: number): Promise<{ query: Query[]; end: () => Promise<void> }> {
  const { pglite, pool } = database;
  if (pglite !== null) {
    const query: Query = (_name, text, values) => pglite.query(text, values);
    return { query: Array.from({ length: clients }, () => query), end: async () => undefined };
  }
  if (pool === null) throw new Error('no database');
  const { Client } = await import('pg').then((module) => module.default);
  const all = Array.from(
    { length: clients },
    () => new Client({ connectionString: pool.options.connectionString ?? '' }),
  );
  await Promise.all(all.map((client) => client.connect()));
  return {
    query: all.map(
      (client): Query =>
        (name, text, values) =>
          client.query({ name, text, values }),
    ),
    end: async () => {
      await Promise.all(all.map((client) => client.end()));
    },
  };
}

/** Operations a second and the reserves' times of `clients` clients that work for a round. */
async function drive(clients: number, organizations: readonly string[], operation: Operation) {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  let done = 0;
  const client = async (at: number) => {
    // Each client walks the organizations from a place of its own.
    for (let i = at * 61; performance.now() - started < ROUND_MS; i++) {
      const ms = await operation(at, organizations[i % organizations.length] ?? '');
      if (ms !== undefined) times.push(ms);
      done++;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, at) => client(at)));
  const { user, system } = process.cpuUsage(cpu);
  return { rate: (done * 1000) / (performance.now() - started), cpuMs: (user + system) / 1000 / done, times };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function operationsOf(
  database: Database,
  query: readonly Query[],
): Record<'limit' | 'database' | 'product', Operation> {
  const send: (client: number, ...args: Parameters<Query>) => Promise<unknown> = (client, ...args) => {
    const own = query[client];
    if (own === undefined) throw new Error(`no client ${client}`);
    return own(...args);
  };
  return {
    limit: async (client, organizationId) => {
      await send(client, 'limit', LIMIT, [organizationId]);
      return undefined;
    },
    database: async (client, organizationId) => {
      const holdId = newId();
      const started = performance.now();
      await send(client, 'reserve', RESERVE, [holdId, organizationId, newId()]);
      const ms = performance.now() - started;
      await send(client, 'settle', SETTLE, [newId(), organizationId, holdId]);
      return ms;
    },
    product: async (_client, organizationId) => {
      const started = performance.now();
      const { holdId } = await reserve(database.prisma, {
        organizationId,
        amount: 1000n,
        idempotencyKey: newId(),
        ttlMs: 3_600_000,
        role: 'bench',
      });
      const ms = performance.now() - started;
      await settle(database.prisma, { organizationId, holdId, actual: 900n, estimated: 1000n });
      return ms;
    },
  };
}

async function measure(database: Database, label: string, organizations: readonly string[], clients: number) {
  const { query, end } = await connect(database, clients);
  const operations = operationsOf(database, query);
  const rates = { limit: [] as number[], database: [] as number[], product: [] as number[] };
  const times = { limit: [] as number[], database: [] as number[], product: [] as number[] };
  const cpuMs = { limit: [] as number[], database: [] as number[], product: [] as number[] };
  const kinds = ['limit', 'database', 'product'] as const;
  for (const kind of kinds) await drive(clients, organizations, operations[kind]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of kinds) {
      const result = await drive(clients, organizations, operations[kind]);
      rates[kind].push(result.rate);
      times[kind].push(...result.times);
      cpuMs[kind].push(result.cpuMs);
    }
  }
  await end();
  const limit = quantile(rates.limit, 0.5);
  const goal = GOALS.get(organizations.length) ?? 0;
  const figure = (kind: 'database' | 'product') => {
    const rate = quantile(rates[kind], 0.5);
    const p50 = quantile(times[kind], 0.5);
    const share = `${((rate / limit) * 100).toFixed(0)} % (${((2 * rate * 100) / limit).toFixed(0)} %) of the limit`;
    const missed = rate >= goal ? '' : ` (MISSES ${goal})`;
    return `${kind} ${rate.toFixed(0)} pairs/s${missed}, ${share}, reserve p50 ${p50.toFixed(2)} ms, ${quantile(cpuMs[kind], 0.5).toFixed(2)} ms CPU a pair`;
  };
  console.log(
    `${label}, ${organizations.length} organizations, ${clients} clients: limit ${limit.toFixed(0)} updates/s, ${quantile(cpuMs.limit, 0.5).toFixed(2)} ms CPU each | ${figure('database')} | ${figure('product')}`,
  );
}

async function bench(database: Database, label: string): Promise<void> {
  const { prisma } = database;
  await prisma.$executeRaw`CREATE TABLE bench_limit (id text PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 40)`;
  for (const count of [1, 1_000]) {
    const name = `bench${count}`;
    await seedAccounts(database, name, count, { monthly: FUNDS, bonus: FUNDS });
    await prisma.$executeRaw`INSERT INTO bench_limit SELECT ${name} || '-' || n, 0 FROM generate_series(1, ${count}::int) n`;
    const organizations = Array.from({ length: count }, (_, n) => `${name}-${n + 1}`);
    for (const clients of [1, 16]) await measure(database, label, organizations, clients);
  }
  const differences = await auditLedger(prisma);
  if (differences.length > 0) throw new Error(`the ledger does not add up: ${JSON.stringify(differences.slice(0, 3))}`);
}

const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
console.log(`ledger: reserve + settle pairs, median of ${ROUNDS} rounds | ${machine}`);
if (process.argv[2] !== 'native') {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
  const embedded = await openEmbedded(folder);
  useDatabase(embedded);
  await applyMigrations(embedded);
  await seedCatalogue(embedded.prisma);
  await bench(embedded, 'embedded');
  await closeDatabase();
  await rm(folder, { recursive: true, force: true });
}
if ((process.env.TEST_DATABASE_URL ?? '') === '') {
  console.log('native: not measured, TEST_DATABASE_URL is not set');
} else {
  const native = await testDb();
  const [settings] = await native.prisma.$queryRaw<{ text: string }[]>`
    SELECT 'native ' || current_setting('server_version') || ' (fsync ' || current_setting('fsync') || ')' AS text`;
  await bench(native, settings?.text ?? 'native');
  await closeTestDb();
}
