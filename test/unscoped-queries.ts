import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@babel/parser';
import { z } from 'zod';

/** A node of the syntax tree, as far as it is read here. */
type Node = { type: string; start: number; end: number } & Record<string, unknown>;

const nodeSchema = z.looseObject({ type: z.string(), start: z.number(), end: z.number() });

const READS = new Set(['findFirst', 'findFirstOrThrow', 'findMany', 'count', 'aggregate', 'groupBy']);
const WRITES = new Set(['updateMany', 'updateManyAndReturn', 'deleteMany']);

/** Columns that name an organization, or one row or parent that belongs to one. */
const SCOPES =
  /^(organizationId|userId|projectId|runId|taskId|stepId|snapshotId|modelCallId|purchaseId|holdId|stream|id|idempotencyKey|tokenHash|email|stripe\w+)$/;
/** Objects that are known to hold an organization. */
const SCOPE_OBJECTS = /^(scope|own|ref)$/;

/** Names of the Prisma models whose rows belong to an organization, as the client spells them. */
export function customerTables(folder = 'prisma/schema'): Map<string, string> {
  const tables = new Map<string, string>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.prisma'))) {
    for (const [, name = '', body = ''] of readFileSync(join(folder, file), 'utf8').matchAll(
      /^model (\w+) \{([\s\S]*?)^\}/gm,
    ))
      if (/^ {2}organizationId\s/m.test(body)) tables.set(name.charAt(0).toLowerCase() + name.slice(1), name);
  }
  return tables;
}

/**
 * Queries of customers' tables whose condition names no organization and nothing that belongs to one: they read or write
 * everybody's rows. @returns `file table.operation` of each.
 */
export function unscopedQueries(path: string, source: string, tables = customerTables()): string[] {
  const root = nodeSchema.parse(parse(source, { sourceType: 'module', plugins: ['typescript'] }).program);
  const found: string[] = [];
  for (const node of walk(root)) {
    if (node.type === 'CallExpression') {
      const name = queryOf(node, tables);
      const [input] = Array.isArray(node.arguments) ? node.arguments : [];
      if (name !== null && !isScoped(whereOf(input, root), root)) found.push(`${path} ${name}`);
    } else if (node.type === 'TaggedTemplateExpression') {
      const sql = source.slice(node.start, node.end);
      const read = [...sql.matchAll(/(?:FROM|JOIN|UPDATE) "(\w+)"/g)].map(([, table = '']) => table);
      const customer = read.find((table) => [...tables.values()].includes(table));
      if (customer !== undefined && !sqlIsScoped(sql)) found.push(`${path} ${customer} in SQL`);
    }
  }
  return found;
}

/** Every source file of a folder, tests aside. */
export function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/demo/projects/'))
    .sort();
}

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      const parsed = asNode(child);
      if (parsed !== null) yield* walk(parsed);
    }
  }
}

function asNode(value: unknown): Node | null {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('start' in value)) return null;
  return nodeSchema.safeParse(value).data ?? null;
}

function nameOf(value: unknown): string {
  const node = asNode(value);
  if (node?.type === 'Identifier') return String(node.name);
  if (node?.type === 'StringLiteral') return String(node.value);
  return '';
}

function propertiesOf(value: unknown): Node[] {
  const node = asNode(value);
  const properties = node?.type === 'ObjectExpression' ? node.properties : [];
  return Array.isArray(properties) ? properties.map(asNode).filter((one) => one !== null) : [];
}

function queryOf(node: Node, tables: ReadonlyMap<string, string>): string | null {
  const callee = asNode(node.callee);
  if (callee?.type !== 'MemberExpression') return null;
  const operation = nameOf(callee.property);
  const table = nameOf(asNode(callee.object)?.property);
  return (READS.has(operation) || WRITES.has(operation)) && tables.has(table) ? `${table}.${operation}` : null;
}

/** The `where` of a query's input, also of one that is kept in a variable or spread into it. */
function whereOf(input: unknown, root: Node): Node | null {
  for (const property of propertiesOf(input)) {
    if (property.type !== 'SpreadElement' && nameOf(property.key) === 'where') return asNode(property.value);
    const spread = property.type === 'SpreadElement' ? whereOf(property.argument, root) : null;
    if (spread !== null) return spread;
  }
  const name = nameOf(input);
  if (name === '') return null;
  return (
    madeAs(name, root)
      .map((init) => whereOf(init, root))
      .find((where) => where !== null) ?? null
  );
}

/** What the variables of this name begin with. */
function madeAs(name: string, root: Node): unknown[] {
  return [...walk(root)]
    .filter(({ type, id }) => type === 'VariableDeclarator' && nameOf(id) === name)
    .map(({ init }) => init);
}

/** Whether a condition names an organization; one that is kept in a variable is followed to where it is made. */
function isScoped(where: unknown, root: Node): boolean {
  const node = asNode(where);
  switch (node?.type) {
    case 'ObjectExpression':
      return propertiesOf(node).some((property) =>
        property.type === 'SpreadElement'
          ? isScoped(property.argument, root)
          : nameOf(property.key)
              .split('_')
              .some((key) => SCOPES.test(key)) ||
            (nameOf(property.key) === 'AND' && isScoped(property.value, root)),
      );
    case 'Identifier': {
      const name = String(node.name);
      if (SCOPE_OBJECTS.test(name)) return true;
      const made = madeAs(name, root);
      return made.length > 0 && made.every((init) => isScoped(init, root));
    }
    case 'MemberExpression':
      return SCOPE_OBJECTS.test(nameOf(node.property));
    case 'CallExpression':
      return nameOf(node.callee) === 'scopeOf';
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return isScoped(node.expression, root);
    default:
      return false;
  }
}

function sqlIsScoped(sql: string): boolean {
  return [...sql.matchAll(/"(\w+)"\s*(?:=|IN\b)/g)].some(([, column = '']) => SCOPES.test(column));
}
