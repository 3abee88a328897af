import type { PGlite, Transaction } from '@electric-sql/pglite';

/** A statement the embedded database was asked for, or a transaction's begin or commit. */
export interface CountedQuery {
  sql: string;
  /** Date.now() when it was answered. */
  at: number;
  /** Milliseconds from asking to the answer, waiting for its turn included. */
  ms: number;
  /** CPU milliseconds of this process up to the answer; only with COMMIT, because asking for it takes time too. */
  cpu: number | null;
  /** What `label` said when it was asked. */
  label: string | undefined;
}

/** CPU milliseconds of this process so far. Unlike the wall clock it does not count other processes' turns. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Records every statement sent to an embedded database from now on. */
export function countQueries(pglite: PGlite, label: () => string | undefined = () => undefined): CountedQuery[] {
  const counted: CountedQuery[] = [];
  const record = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    const [started, labelled] = [performance.now(), label()];
    try {
      return await work();
    } finally {
      counted.push({
        sql,
        at: Date.now(),
        ms: performance.now() - started,
        cpu: sql === 'COMMIT' ? cpuMs() : null,
        label: labelled,
      });
    }
  };
  const watch = (client: Pick<Transaction, 'query'>) => {
    const query = client.query.bind(client);
    client.query = (sql, params, options) => record(sql, () => query(sql, params, options));
  };
  watch(pglite);
  const transaction = pglite.transaction.bind(pglite);
  pglite.transaction = (work) =>
    transaction(async (tx) => {
      await record('BEGIN', async () => undefined);
      watch(tx);
      return work(tx);
    }).finally(() => record('COMMIT', async () => undefined));
  return counted;
}

/** The smallest value that `share` of all do not exceed. */
export function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
