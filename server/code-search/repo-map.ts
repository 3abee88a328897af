import 'server-only';
import type { Node } from 'web-tree-sitter';
import { grammarOf, parseSyntax } from '@/server/workspace/syntax';
import { kindOf, nameOf, unwrap } from './declarations';
import { type Declaration, type RepoMapInput, renderMap } from './render-map';

interface Outline {
  path: string;
  declarations: Declaration[];
  /** How often each identifier occurs. */
  uses: Map<string, number>;
  imports: string[];
}

/** PageRank (Page et al. 1999) with its usual damping; 40 rounds change no rank of graphs this small. */
const DAMPING = 0.85;
const ROUNDS = 40;
const MAX_SIGNATURE = 160;
const MAX_PARSED_CHARACTERS = 400_000;
/** A file that takes longer to parse counts by its path and its words alone. */
const MAX_PARSE_MS = 1_000;
/** A name shorter than this says little about which file is meant. */
const MIN_NAME = 3;
const IMPORT_WEIGHT = 4;

/**
 * The project's paths with the signatures of what they declare, most relevant to the task first, within the budget.
 * Relevance is PageRank over "uses a name that the other file declares" and imports, restarting at the task's files.
 * Equal input gives equal output. It may take any time: the server calls it through `readRepoMap`.
 */
export async function buildRepoMap(input: RepoMapInput): Promise<string> {
  const outlines: Outline[] = [];
  for (const path of [...input.files.keys()].sort()) outlines.push(await outlineOf(path, input.files.get(path) ?? ''));
  const ranks = rankFiles(
    outlines,
    new Set(input.focus),
    new Set((input.mentioned ?? []).map((word) => word.toLowerCase())),
  );
  const ordered = outlines
    .map((outline, index) => ({ outline, rank: ranks[index] ?? 0 }))
    .sort((a, b) => b.rank - a.rank || (a.outline.path < b.outline.path ? -1 : 1));
  return renderMap(
    ordered.map(({ outline }) => outline),
    input.budgetTokens,
  );
}

async function outlineOf(path: string, text: string): Promise<Outline> {
  const uses = new Map<string, number>();
  for (const [word] of text.matchAll(/[\p{L}_$][\p{L}\p{N}_$]*/gu)) uses.set(word, (uses.get(word) ?? 0) + 1);
  const imports = [...text.matchAll(/(?:from|import|require|include|use)\s*(?:\(\s*)?['"<]([^'">\n]+)['">]/g)].map(
    ([, name = '']) => name,
  );
  const grammar = grammarOf(path);
  if (grammar === null || text.length > MAX_PARSED_CHARACTERS) return { path, declarations: [], uses, imports };
  const tree = await parseSyntax(grammar, text, MAX_PARSE_MS);
  if (tree === null) return { path, declarations: [], uses, imports };
  try {
    return {
      path,
      declarations: declarationsOf(tree.rootNode, 0, /^(javascript|typescript|tsx)$/.test(grammar)),
      uses,
      imports,
    };
  } finally {
    tree.delete();
  }
}

/** Declarations of the file and of the classes, modules and namespaces in it, but not of function bodies. */
function declarationsOf(node: Node, depth: number, exportsOnly: boolean): Declaration[] {
  const found: Declaration[] = [];
  for (const child of node.namedChildren) {
    if (child === null) continue;
    const name = nameOf(child);
    if (name === null) continue;
    const kind = kindOf(child);
    const visible = depth === 0 && (!exportsOnly || child.type === 'export_statement');
    // Fields and private constants cost more than they tell.
    if (kind === 'variable' && !visible) continue;
    found.push({ name, signature: signatureOf(child), depth, visible });
    const body = unwrap(child).childForFieldName('body');
    const holdsMembers = /class|impl|trait|module|namespace|struct/.test(kind);
    if (body !== null && holdsMembers && depth < 3) found.push(...declarationsOf(body, depth + 1, exportsOnly));
  }
  return found;
}

/** The declaration up to its body or value, on one line. */
function signatureOf(node: Node): string {
  const inner = unwrap(node);
  const body = inner.childForFieldName('body');
  const text =
    body === null ? (node.text.split('\n', 1)[0] ?? '') : node.text.slice(0, body.startIndex - node.startIndex);
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\s{:=]+$/, '')
    .slice(0, MAX_SIGNATURE);
}

/** Personalized PageRank of every file, in the outlines' order. */
function rankFiles(
  outlines: readonly Outline[],
  taskFileSet: ReadonlySet<string>,
  mentioned: ReadonlySet<string>,
): number[] {
  const count = outlines.length;
  const edges = edgesOf(outlines, mentioned);
  const named = outlines.map(({ path, declarations }): number => {
    if (taskFileSet.has(path)) return 1;
    return declarations.some(({ name }) => mentioned.has(name.toLowerCase())) ? 0.3 : 0;
  });
  const total = named.reduce((sum, weight) => sum + weight, 0);
  // A small share goes everywhere, so that files without an edge keep an order.
  const restart = named.map((weight) => (total === 0 ? 1 / count : 0.9 * (weight / total) + 0.1 / count));
  let ranks = [...restart];
  for (let round = 0; round < ROUNDS; round++) {
    const next = restart.map((share) => (1 - DAMPING) * share);
    for (const [from, targets] of edges.entries()) {
      const rank = (ranks[from] ?? 0) * DAMPING;
      const sum = [...targets.values()].reduce((left, right) => left + right, 0);
      if (sum === 0) {
        for (let index = 0; index < count; index++) next[index] = (next[index] ?? 0) + rank * (restart[index] ?? 0);
        continue;
      }
      for (const [to, weight] of targets) next[to] = (next[to] ?? 0) + rank * (weight / sum);
    }
    ranks = next;
  }
  return ranks;
}

/** From each file to the files that declare what it uses or that it imports. */
function edgesOf(outlines: readonly Outline[], mentioned: ReadonlySet<string>): Map<number, number>[] {
  const declaredIn = new Map<string, Set<number>>();
  for (const [index, { declarations }] of outlines.entries()) {
    for (const { name, visible } of declarations) {
      if (!visible || name.length < MIN_NAME) continue;
      const files = declaredIn.get(name) ?? new Set<number>();
      declaredIn.set(name, files.add(index));
    }
  }
  const byStem = new Map(outlines.map(({ path }, index): [string, number] => [stemOf(path), index]));
  return outlines.map(({ path, uses, imports }, from) => {
    const targets = new Map<number, number>();
    const add = (to: number, weight: number) => {
      if (to !== from) targets.set(to, (targets.get(to) ?? 0) + weight);
    };
    for (const [name, files] of declaredIn) {
      const used = uses.get(name);
      if (used === undefined || files.has(from)) continue;
      const emphasis = mentioned.has(name.toLowerCase()) ? 5 : 1;
      for (const to of files) add(to, (Math.sqrt(used) * emphasis) / files.size);
    }
    for (const name of imports) {
      const to = byStem.get(resolveImport(path, name));
      if (to !== undefined) add(to, IMPORT_WEIGHT);
    }
    return targets;
  });
}

function stemOf(path: string): string {
  return path.replace(/\.[^./]+$/, '').replace(/\/(index|__init__|mod)$/, '');
}

/** The stem a relative import means; other imports are taken as paths from the root. */
function resolveImport(path: string, name: string): string {
  const parts = name.startsWith('.') ? path.split('/').slice(0, -1) : [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.' || part === '@') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return stemOf(parts.join('/'));
}
