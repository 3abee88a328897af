import 'server-only';
import {
  messages,
  type ParserOptions,
  PGlite,
  parse,
  protocol,
  type QueryOptions,
  type Results,
  type Transaction,
} from '@electric-sql/pglite';

/** Statements kept ready; the one that was used longest ago goes first. A ready one takes some 50 kB. */
const MAX_STATEMENTS = 400;
/** Longer texts hold lists of values and do not come again, characters. */
const MAX_LENGTH = 10_000;
/** A plan fits the sizes its tables had when it was made: after this long it is made again, milliseconds. */
const PLANS_LAST_MS = 30_000;

/** Changed result columns, a missing statement: the statement has to be prepared again (Postgres error codes). */
const OUTDATED: readonly (string | undefined)[] = ['0A000', '26000'];

interface Statement {
  name: string;
  /** Type of each parameter, as OIDs. */
  types: number[];
}

/**
 * The embedded database with prepared statements. PGlite parses and plans a query each time and passes it on in six
 * messages, which take most of a short query's time; here a text that comes again is prepared once and then runs by one
 * message. Ours are Prisma's few hundred texts, so that nearly all do come again.
 */
export class PreparedPGlite extends PGlite {
  /** By text, in order of use. */
  private readonly statements = new Map<string, Statement>();
  /** Texts that came once, in order of arrival. */
  private readonly seen = new Set<string>();
  /** PGlite merges an asker's parsers with its own six hundred at each answer: here once. */
  private readonly merged = new WeakMap<ParserOptions, PGlite['parsers']>();
  private made = 0;
  private plannedAt = performance.now();

  override async query<T>(sql: string, params: unknown[] = [], options: QueryOptions = {}): Promise<Results<T>> {
    if (!this.comesAgain(sql, options)) return super.query<T>(sql, params, options);
    await this._checkReady();
    return this._runExclusiveTransaction(async () => {
      try {
        return await this.run<T>(sql, params, options);
      } finally {
        await this.syncToFs();
      }
    });
  }

  override transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return super.transaction((tx) => {
      const plain = tx.query;
      tx.query = async <R>(sql: string, params: unknown[] = [], options: QueryOptions = {}): Promise<Results<R>> =>
        tx.closed || !this.comesAgain(sql, options) ? plain(sql, params, options) : this.run(sql, params, options);
      return work(tx);
    });
  }

  private comesAgain(sql: string, { blob, paramTypes }: QueryOptions): boolean {
    if (sql.length > MAX_LENGTH || blob !== undefined || paramTypes !== undefined) return false;
    if (this.statements.has(sql) || this.seen.delete(sql)) return true;
    this.seen.add(sql);
    const [oldest] = this.seen;
    if (this.seen.size > MAX_STATEMENTS && oldest !== undefined) this.seen.delete(oldest);
    return false;
  }

  private run<T>(sql: string, params: unknown[], options: QueryOptions): Promise<Results<T>> {
    return this.runExclusive(async () => {
      if (performance.now() - this.plannedAt > PLANS_LAST_MS) await this.planAnew();
      const { name, types } = await this.prepared(sql);
      const values = params.map((value, i) => {
        if (value === null || value === undefined) return null;
        const type = types[i] ?? 0;
        const serialize = options.serializers?.[type] ?? this.serializers[type];
        return serialize === undefined ? String(value) : serialize(value);
      });
      const { serialize } = protocol;
      try {
        const answer = await this.send(options, [
          serialize.bind({ statement: name, values }),
          serialize.describe({ type: 'P' }),
          serialize.execute({}),
        ]);
        const { rowMode } = options;
        const [result] = parse.parseResults(answer, this.parsersOf(options), rowMode === undefined ? {} : { rowMode });
        if (result === undefined) throw new Error('the database gave no answer');
        return result as Results<T>;
      } catch (error) {
        if (error instanceof messages.DatabaseError && OUTDATED.includes(error.code)) await this.forget(sql);
        throw error;
      }
    });
  }

  private async prepared(sql: string): Promise<Statement> {
    const known = this.statements.get(sql);
    if (known !== undefined) {
      this.statements.delete(sql);
      this.statements.set(sql, known);
      return known;
    }
    const { serialize } = protocol;
    this.made++;
    const name = `s${this.made}`;
    const answer = await this.send({}, [serialize.parse({ name, text: sql }), serialize.describe({ type: 'S', name })]);
    const statement = { name, types: parse.parseDescribeStatementResults(answer) };
    this.statements.set(sql, statement);
    const [oldest] = this.statements.keys();
    if (this.statements.size > MAX_STATEMENTS && oldest !== undefined) await this.forget(oldest);
    return statement;
  }

  private async forget(sql: string): Promise<void> {
    const statement = this.statements.get(sql);
    this.statements.delete(sql);
    if (statement !== undefined) await this.send({}, [protocol.serialize.close({ type: 'S', name: statement.name })]);
  }

  private parsersOf({ parsers }: QueryOptions): PGlite['parsers'] {
    if (parsers === undefined) return this.parsers;
    const merged = this.merged.get(parsers) ?? { ...this.parsers, ...parsers };
    this.merged.set(parsers, merged);
    return merged;
  }

  private async planAnew(): Promise<void> {
    await this.send({}, [protocol.serialize.query('DISCARD PLANS')]);
    this.plannedAt = performance.now();
  }

  /** One message of several parts; after a part that fails the rest is passed over, up to the end. */
  private send({ onNotice }: QueryOptions, parts: Uint8Array[]): Promise<messages.BackendMessage[]> {
    const message = Buffer.concat([...parts, protocol.serialize.sync()]);
    return this.execProtocolStream(message, { syncToFs: false, ...(onNotice ? { onNotice } : {}) });
  }
}
