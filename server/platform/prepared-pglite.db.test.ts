import type { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeTestDb, testDb } from '@/test/test-db';

const native = Boolean(process.env.TEST_DATABASE_URL);
let pglite: PGlite;
beforeAll(async () => {
  const database = await testDb();
  if (database.pglite !== null) pglite = database.pglite;
});
afterAll(closeTestDb);
beforeEach(async () => {
  if (native) return;
  await pglite.exec('DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text); ANALYZE t');
});

/** Twice: the first time a text is only remembered, the second time it is prepared, the third it is run as prepared. */
async function thrice<T>(sql: string, params: unknown[] = []): Promise<T[]> {
  await pglite.query(sql, params);
  await pglite.query(sql, params);
  return (await pglite.query<T>(sql, params)).rows;
}

async function preparedTexts(): Promise<string[]> {
  const { rows } = await pglite.query<{ statement: string }>('SELECT statement FROM pg_prepared_statements');
  return rows.map(({ statement }) => statement);
}

describe.skipIf(native)('the embedded database with prepared statements', () => {
  it('prepares what comes again, and only that', async () => {
    const sql = "SELECT 'again' AS x";
    await pglite.query(sql);
    expect(await preparedTexts()).not.toContain(sql);
    await pglite.query(sql);
    expect(await preparedTexts()).toContain(sql);
    const long = `SELECT 1 AS x /* ${'x'.repeat(10_000)} */`;
    await thrice(long);
    expect(await preparedTexts()).not.toContain(long);
  });

  it('answers as PGlite does, whatever the types', async () => {
    const sql = `SELECT $1::int AS a, $2::text AS b, $3::jsonb AS c, $4::text[] AS d, $5::bytea AS e, $6::timestamptz AS f,
      $7::bigint AS g, $8::boolean AS h, $9::vector AS i, $10::numeric AS j`;
    const params = [
      1,
      null,
      { deep: ['ä', null] },
      ['x', 'a"b', 'c,d'],
      new Uint8Array([0, 1, 255]),
      new Date(1_700_000_000_123),
      9_007_199_254_740_993n,
      true,
      '[1,2,3]',
      '1.50',
    ];
    const plain = await pglite.query(sql, params);
    await pglite.query(sql, params);
    expect(await pglite.query(sql, params)).toEqual(plain);
    expect((await pglite.query(sql, params, { rowMode: 'array' })).rows).toEqual([
      [
        1,
        null,
        { deep: ['ä', null] },
        ['x', 'a"b', 'c,d'],
        new Uint8Array([0, 1, 255]),
        params[5],
        params[6],
        true,
        '[1,2,3]',
        '1.50',
      ],
    ]);
    const parsers = { 23: (text: string) => `int ${text}` };
    expect((await pglite.query<{ a: string }>(sql, params, { parsers })).rows[0]?.a).toBe('int 1');
    expect((await pglite.query<{ a: number }>(sql, params)).rows[0]?.a).toBe(1);
  });

  it('counts what a change affected', async () => {
    await pglite.query("INSERT INTO t SELECT n, 'v' FROM generate_series(1, 3) n");
    await thrice('UPDATE t SET v = $1 WHERE id > $2', ['w', 1]);
    expect((await pglite.query('UPDATE t SET v = $1 WHERE id > $2', ['w', 2])).affectedRows).toBe(1);
  });

  it('goes on after a statement that fails, outside and inside a transaction', async () => {
    const insert = 'INSERT INTO t VALUES ($1, $2)';
    for (const id of [1, 2, 3]) await pglite.query(insert, [id, 'v']);
    await expect(pglite.query(insert, [3, 'v'])).rejects.toMatchObject({ code: '23505' });
    await pglite.query(insert, [4, 'v']);
    await expect(
      pglite.transaction(async (tx) => {
        await tx.query(insert, [5, 'v']);
        await tx.query(insert, [5, 'v']);
      }),
    ).rejects.toMatchObject({ code: '23505' });
    await expect(
      pglite.transaction(async (tx) => {
        await tx.query(insert, [6, 'v']);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    await pglite.transaction((tx) => tx.query(insert, [7, 'v']));
    expect((await pglite.query('SELECT array_agg(id ORDER BY id) AS ids FROM t')).rows).toEqual([
      { ids: [1, 2, 3, 4, 7] },
    ]);
  });

  it('keeps others out of an open transaction', async () => {
    const count = 'SELECT count(*)::int AS n FROM t';
    await thrice(count);
    let during: Promise<unknown> = Promise.resolve();
    await pglite.transaction(async (tx) => {
      await tx.query("INSERT INTO t VALUES (1, 'v')");
      // Sent while the transaction is open, answered after it: it may not see half of it, nor join it.
      during = pglite.query(count).then(({ rows }) => rows);
      await tx.query("INSERT INTO t VALUES (2, 'v')");
    });
    expect(await during).toEqual([{ n: 2 }]);
  });

  it('prepares again when the columns of an answer have changed', async () => {
    const sql = 'SELECT * FROM t';
    await thrice(sql);
    await pglite.exec("ALTER TABLE t ADD COLUMN w int DEFAULT 7; INSERT INTO t VALUES (1, 'v')");
    await expect(pglite.query(sql)).rejects.toMatchObject({ code: '0A000' });
    expect(await thrice(sql)).toEqual([{ id: 1, v: 'v', w: 7 }]);
  });

  it('keeps a bounded number of statements', async () => {
    for (let i = 0; i < 410; i++) {
      await pglite.query(`SELECT ${i} AS n`);
      await pglite.query(`SELECT ${i} AS n`);
    }
    expect((await preparedTexts()).length).toBeLessThanOrEqual(400);
    expect(await thrice('SELECT 0 AS n')).toEqual([{ n: 0 }]);
  });
});
