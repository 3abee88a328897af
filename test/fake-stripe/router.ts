/** Which handler serves a call, lists with Stripe's cursors, and `expand`. */
import type { z } from 'zod';
import { badRequest } from './errors';
import type { Form } from './form';
import { parseParams } from './params';
import { type Store, snapshot } from './store';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface Route {
  method: Method;
  pattern: RegExp;
  handle: (form: Form, ids: string[]) => object;
}

/** `path` has `:id` for each variable part; the handler gets them in order. */
export function route<S extends z.ZodType>(
  method: Method,
  path: string,
  schema: S,
  handle: (params: z.output<S>, ...ids: string[]) => object,
): Route {
  const pattern = new RegExp(`^/v1/${path.replaceAll(':id', '([^/]+)')}$`);
  return { method, pattern, handle: (form, ids) => handle(parseParams(schema, form), ...ids) };
}

export function match(routes: Route[], method: string, path: string): { route: Route; ids: string[] } | undefined {
  for (const candidate of routes) {
    const found = candidate.method === method ? candidate.pattern.exec(path) : null;
    if (found !== null) return { route: candidate, ids: found.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

interface Paging {
  limit: number;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

/** A page of a list, newest first as Stripe's are. `items` is in the order of creation. */
export function page<T extends { id: string }>(url: string, items: T[], paging: Paging) {
  const ordered = items.toReversed();
  const cursor = paging.starting_after ?? paging.ending_before;
  const at = cursor === undefined ? -1 : ordered.findIndex((item) => item.id === cursor);
  if (cursor !== undefined && at < 0) {
    throw badRequest(`No such object: '${cursor}'`, { code: 'resource_missing', param: 'starting_after' });
  }
  const backwards = paging.starting_after === undefined && paging.ending_before !== undefined;
  const rest = backwards ? ordered.slice(0, at) : ordered.slice(at + 1);
  const data = backwards ? rest.slice(-paging.limit) : rest.slice(0, paging.limit);
  return { object: 'list' as const, data, has_more: rest.length > data.length, url };
}

interface Range {
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
}

export function within(value: number, range: Range | undefined): boolean {
  if (range === undefined) return true;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = range;
  return value > gt && value >= gte && value < lt && value <= lte;
}

type Node = Record<string, unknown>;

/** Fields that Stripe leaves out until they are asked for. */
export type Includable = (store: Store, object: Node, field: string) => unknown;

/** The answer as sent: a copy with the named fields expanded. */
export function expanded(store: Store, answer: object, paths: string[], include: Includable): object {
  const copy: Node = snapshot(answer);
  for (const path of paths) expandPath(store, copy, path.split('.'), path, include);
  return copy;
}

function expandPath(store: Store, node: Node, parts: string[], whole: string, include: Includable): void {
  const [field, ...rest] = parts;
  if (field === undefined) return;
  const included = node[field] === undefined ? include(store, node, field) : undefined;
  if (included !== undefined) node[field] = snapshot(included);
  const value = node[field];
  if (value === undefined) {
    throw badRequest(`This property cannot be expanded (${field}).`, { param: 'expand' });
  }
  if (typeof value === 'string') {
    const found = store.find(value);
    if (found === undefined) throw badRequest(`This property cannot be expanded (${whole}).`, { param: 'expand' });
    node[field] = snapshot(found);
  }
  const next = node[field];
  for (const child of Array.isArray(next) ? next : [next]) {
    if (isNode(child)) expandPath(store, child, rest, whole, include);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}
