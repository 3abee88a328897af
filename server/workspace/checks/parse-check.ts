import 'server-only';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from 'web-tree-sitter';
import { parseAllDocuments } from 'yaml';
import type { CheckOutcome } from '../schema';
import { grammarOf, parseSyntax } from '../syntax';
import { mismatchedHtml } from './html-tags';
import { mismatchedJsx } from './jsx-tags';
import { wrongIndentation } from './python-indentation';
import { redeclared } from './script-scopes';
import type { LineProblem } from './syntax-walk';

export interface ParseProblem extends LineProblem {
  path: string;
}

const CHECKED = new Set(['javascript', 'typescript', 'tsx', 'python', 'html', 'css']);

/** Whether there is a parser for this kind of file. */
export function canParse(path: string): boolean {
  if (path.endsWith('.json') || /\.ya?ml$/.test(path)) return true;
  const grammar = grammarOf(path);
  return grammar !== null && CHECKED.has(grammar);
}

/** First syntax problem of a file, or null. Kinds of file without a parser are never a problem. */
export async function parseProblem(path: string, text: string): Promise<ParseProblem | null> {
  if (path.endsWith('.json')) return jsonProblem(path, text);
  if (/\.ya?ml$/.test(path)) return yamlProblem(path, text);
  const grammar = grammarOf(path);
  if (grammar === null || !CHECKED.has(grammar)) return null;
  // Browsers repair HTML by rule, so of the grammar's errors none is certain; and it takes quadratic time on deep pages.
  if (grammar === 'html') return at(path, mismatchedHtml(text));
  const { syntax, rule } = await treeProblems(path, grammar, text);
  if (syntax === null) return rule;
  // The grammars are older than the languages, so an error of theirs needs a second opinion where there is one.
  if (/\.[cm]?js$/.test(path)) return nodeProblem(path, text, syntax);
  if (/\.[cm]?ts$/.test(path)) return typeScriptProblem(text, syntax);
  return grammar === 'css' ? cssProblem(path, text) : syntax;
}

const at = (path: string, problem: LineProblem | null): ParseProblem | null =>
  problem === null ? null : { path, ...problem };

interface TreeProblems {
  /** What the grammar itself refuses. */
  syntax: ParseProblem | null;
  /** What the grammar accepts and the language does not. Only in text without errors. */
  rule: ParseProblem | null;
}

async function treeProblems(path: string, grammar: string, text: string): Promise<TreeProblems> {
  const problems = await problemsOf(path, grammar, text);
  if (problems.syntax === null || !/\.(?:[jt]sx|[cm]?js)$/.test(path) || !text.includes('&')) return problems;
  // The grammar takes "&" in JSX text and attributes for the start of an entity, which JSX does not ask for.
  const masked = await problemsOf(path, grammar, withoutAmpersands(text));
  return masked.syntax === null ? masked : problems;
}

/** Writes `_` for each ampersand in a string of one line and in what may be text between two tags. */
function withoutAmpersands(text: string): string {
  return text.replaceAll(/"[^"\n]*"|'[^'\n]*'|>[^<>{}]*(?=<|\{)|\}[^<>{}]*(?=<|\{)/g, (part) =>
    part.replaceAll('&', '_'),
  );
}

async function problemsOf(path: string, grammar: string, text: string): Promise<TreeProblems> {
  const tree = await parseSyntax(grammar, text);
  try {
    const syntax = grammarProblem(path, tree.rootNode);
    return { syntax, rule: syntax === null ? at(path, ruleProblem(grammar, tree.rootNode, text)) : null };
  } finally {
    tree.delete();
  }
}

/** Trees with more nodes are data or generated: what a person writes has less. The rules look at every statement. */
const MAX_RULE_NODES = 100_000;

function ruleProblem(grammar: string, root: Node, text: string): LineProblem | null {
  if (root.descendantCount > MAX_RULE_NODES) return null;
  if (grammar === 'python') return wrongIndentation(root, text);
  if (grammar === 'css') return null;
  return mismatchedJsx(root) ?? redeclared(root, grammar !== 'javascript');
}

function grammarProblem(path: string, root: Node): ParseProblem | null {
  if (!root.hasError) return null;
  const bad = firstError(root);
  const message = bad?.isMissing
    ? `missing ${bad.type}`
    : `unexpected ${JSON.stringify((bad?.text ?? '').split('\n')[0]?.slice(0, 60) ?? '')}`;
  return { path, line: (bad?.startPosition.row ?? 0) + 1, message };
}

/** Files that are JSON with comments and trailing commas by their tools' own rule. */
const COMMENTED_JSON =
  /(?:^|\/)(?:[jt]sconfig(?:\.[\w-]+)*\.json|\.vscode\/[^/]+\.json|\.eslintrc\.json|devcontainer\.json)$/;

function jsonProblem(path: string, text: string): ParseProblem | null {
  const bare = text.replace(/^\ufeff/, '');
  try {
    JSON.parse(COMMENTED_JSON.test(path) ? withoutComments(bare) : bare);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not JSON';
    const line = Number(
      /\(line (\d+) column/.exec(message)?.[1] ?? (/end of JSON/.test(message) ? bare.split('\n').length : 1),
    );
    return { path, line, message };
  }
}

/** Comments become spaces and trailing commas go, outside of strings; lines stay where they are. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (token) =>
      token.startsWith('"') ? token : token.replaceAll(/[^\n]/g, ' '),
    )
    .replaceAll(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, (token) => (token === ',' ? ' ' : token));
}

function yamlProblem(path: string, text: string): ParseProblem | null {
  const documents = parseAllDocuments(text);
  const [error] = Array.isArray(documents) ? documents.flatMap(({ errors }) => errors) : [];
  return error === undefined
    ? null
    : { path, line: error.linePos?.[0].line ?? 1, message: error.message.split('\n')[0] ?? 'not YAML' };
}

/** The first error in the text, or a token that is missing. Not recursive: trees may be deep. */
function firstError(root: Node): Node | null {
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.isMissing || node.isError) return node;
    for (const child of node.children.toReversed()) {
      if (child !== null && (child.hasError || child.isMissing || child.isError)) waiting.push(child);
    }
  }
  return null;
}

/** Strips types and compiles in this process; nothing of the file is run. Knows enums, namespaces, `using` and decorators. */
function typeScriptProblem(text: string, found: ParseProblem): ParseProblem | null {
  try {
    stripTypeScriptTypes(text, { mode: 'transform' });
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return found;
    const code = 'code' in error ? error.code : '';
    // Valid TypeScript that the stripper cannot turn into JavaScript is no syntax error.
    if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') return null;
    return { ...found, message: error.message.split('\n').findLast((line) => line.trim() !== '') ?? found.message };
  }
}

/** CSS moves faster than its grammar (nesting, ranges, at-rules of tools): only unbalanced brackets and strings are certain mistakes. */
function cssProblem(path: string, text: string): ParseProblem | null {
  const open: { mark: string; line: number }[] = [];
  const closes: Record<string, string> = { '}': '{', ')': '(', ']': '[' };
  let line = 1;
  const tokens =
    /\/\*[\s\S]*?(?:\*\/|$)|url\(\s*[^"'\s)][^)]*\)|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|\\[\s\S]|["'{}()[\]\n]/g;
  for (const [token] of text.matchAll(tokens)) {
    if (token === '"' || token === "'") return { path, line, message: 'a string does not end on its line' };
    if (token === '{' || token === '(' || token === '[') open.push({ mark: token, line });
    const wanted = closes[token];
    if (wanted !== undefined && open.pop()?.mark !== wanted) return { path, line, message: `unexpected ${token}` };
    line += token.split('\n').length - 1;
  }
  const left = open.at(-1);
  return left === undefined ? null : { path, line: left.line, message: `${left.mark} is never closed` };
}

/** `node --check` only compiles; nothing of the file is run. A .js file may be either kind of module. */
async function nodeProblem(path: string, text: string, found: ParseProblem): Promise<ParseProblem | null> {
  const extension = /[^.]+$/.exec(path)?.[0] ?? 'js';
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-parse-'));
  try {
    let problem: ParseProblem | null = null;
    for (const kind of extension === 'js' ? ['mjs', 'cjs'] : [extension]) {
      const file = join(directory, `file.${kind}`);
      await writeFile(file, text);
      const stderr = await compile(file);
      if (stderr === null) return null;
      const message = /SyntaxError[^\n]*/.exec(stderr)?.[0];
      const line = Number(/file\.\w+:(\d+)/.exec(stderr)?.[1] ?? found.line);
      problem ??= message === undefined ? found : { path, line, message };
    }
    return problem;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What Node says against a file, or null. */
function compile(file: string): Promise<string | null> {
  const options = { env: { NODE_ENV: 'production' as const }, timeout: 10_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', file], options, (error, _stdout, stderr) => resolve(error ? stderr : null));
  });
}

/** One outcome for all changed files of a snapshot. Where nothing could be parsed it is skipped: it proves nothing. */
export async function checkParse(
  files: ReadonlyMap<string, string>,
  changed: readonly string[],
): Promise<CheckOutcome> {
  const started = Date.now();
  const problems: ParseProblem[] = [];
  let parsed = 0;
  let unknown = 0;
  for (const path of changed) {
    const text = files.get(path);
    if (text === undefined) continue;
    if (!canParse(path)) {
      unknown++;
      continue;
    }
    parsed++;
    const problem = await parseProblem(path, text);
    if (problem !== null) problems.push(problem);
  }
  const failed = problems.length > 0;
  return {
    kind: 'parse',
    command: 'parse changed files',
    status: failed ? 'failed' : parsed > 0 ? 'passed' : 'skipped',
    required: parsed > 0,
    exitCode: failed ? 1 : parsed > 0 ? 0 : null,
    durationMs: Date.now() - started,
    output: failed
      ? problems.map(({ path, line, message }) => `${path}:${line}: ${message}`).join('\n')
      : `${parsed} files parsed${unknown === 0 ? '' : `, ${unknown} of a kind that has no parser here`}`,
    sandbox: 'none',
  };
}
