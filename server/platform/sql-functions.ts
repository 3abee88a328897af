import 'server-only';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PGlite, Transaction } from '@electric-sql/pglite';

/** Each `server/<domain>/**\/sql/*.sql` holds one SQL function with its triggers: the only current source of both. */
const ROOT = 'server';

interface Definition {
  /** `function ledger_write` or `trigger membership_user_exists`. */
  name: string;
  /** The statement that removes it. */
  drop: string;
  /** As Postgres prints it. */
  text: string;
}

/** Statements of all sources, by path. */
export function functionSources(): Map<string, string> {
  const paths = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(^|\/)sql\/[^/]+\.sql$/.test(path))
    .sort();
  return new Map(paths.map((path) => [join(ROOT, path), readFileSync(join(ROOT, path), 'utf8')]));
}

/**
 * SQL that brings the functions and triggers of a migrated scratch database to their sources; empty when they agree. `drops`
 * runs before tables change, `changes` after. Changes nothing: what it tries is rolled back.
 */
export async function diffFunctions(scratch: PGlite): Promise<{ drops: string; changes: string }> {
  return scratch.transaction(async (tx) => {
    const before = await definitions(tx);
    // Triggers first: a function that a trigger calls cannot be dropped.
    for (const { drop } of before.values()) await tx.exec(drop);
    // A function may call one whose source comes later.
    await tx.exec('SET LOCAL check_function_bodies = off');
    const changes: string[] = [];
    const made = new Set<string>();
    for (const source of functionSources().values()) {
      const known = new Set((await definitions(tx)).keys());
      await tx.exec(source);
      const added = [...(await definitions(tx)).values()].filter(({ name }) => !known.has(name));
      for (const { name } of added) made.add(name);
      if (added.every(({ name, text }) => before.get(name)?.text === text)) continue;
      changes.push(
        ...added
          .filter(({ name, text }) => mustGo(before.get(name), text))
          .map(({ name }) => before.get(name)?.drop ?? ''),
      );
      changes.push(source.trim());
    }
    const gone = [...before.values()].filter(({ name }) => !made.has(name)).map(({ drop }) => drop);
    await tx.rollback();
    return { drops: gone.join('\n'), changes: changes.filter((statement) => statement !== '').join('\n\n') };
  });
}

/** Postgres replaces a function only where its arguments and results stay; a trigger always. */
function mustGo(old: Definition | undefined, text: string): boolean {
  if (old === undefined || !old.name.startsWith('function ')) return false;
  return headOf(old.text) !== headOf(text);
}

function headOf(functionText: string): string {
  return functionText.split(/^AS \$/m)[0] ?? functionText;
}

/** Functions and triggers of the application, triggers first; those of extensions are left out. */
async function definitions(tx: Transaction): Promise<Map<string, Definition>> {
  const { rows } = await tx.query<Definition>(`
    SELECT 'trigger ' || tgname AS name, format('DROP TRIGGER %I ON %s;', tgname, tgrelid::regclass) AS drop, pg_get_triggerdef(oid) AS text
      FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function ' || proname, format('DROP FUNCTION %s;', p.oid::regprocedure), pg_get_functiondef(p.oid)
      FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY name DESC`);
  return new Map(rows.map((row) => [row.name, row]));
}
