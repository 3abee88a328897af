import 'server-only';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from 'web-tree-sitter';
import { parseDocument } from 'yaml';
import type { CheckOutcome } from '../schema';
import { grammarOf, parseSyntax } from '../syntax';

export interface ParseProblem {
  path: string;
  line: number;
  message: string;
}

const CHECKED = new Set(['javascript', 'typescript', 'tsx', 'python', 'html', 'css']);

/** First syntax problem of a file, or null. Kinds of file without a parser are never a problem. */
export async function parseProblem(path: string, text: string): Promise<ParseProblem | null> {
  if (path.endsWith('.json')) return jsonProblem(path, text);
  if (/\.ya?ml$/.test(path)) return yamlProblem(path, text);
  const grammar = grammarOf(path);
  if (grammar === null || !CHECKED.has(grammar)) return null;
  const tree = await parseSyntax(grammar, text);
  try {
    if (!tree.rootNode.hasError) return null;
    const bad = firstError(tree.rootNode);
    const line = (bad?.startPosition.row ?? 0) + 1;
    const message = bad?.isMissing
      ? `missing ${bad.type}`
      : `unexpected ${JSON.stringify((bad?.text ?? '').split('\n')[0]?.slice(0, 60) ?? '')}`;
    // The grammars are older than the languages: Node itself has the last word about JavaScript and TypeScript.
    if (/\.(?:[cm]?js|[cm]?ts)$/.test(path)) return nodeProblem(path, text);
    return { path, line, message };
  } finally {
    tree.delete();
  }
}

function jsonProblem(path: string, text: string): ParseProblem | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not JSON';
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
    return { path, line: text.slice(0, position).split('\n').length, message };
  }
}

function yamlProblem(path: string, text: string): ParseProblem | null {
  const [error] = parseDocument(text).errors;
  return error === undefined
    ? null
    : { path, line: error.linePos?.[0].line ?? 1, message: error.message.split('\n')[0] ?? 'not YAML' };
}

function firstError(node: Node): Node | null {
  if (node.isError || node.isMissing) return node;
  for (const child of node.children) {
    if (child?.hasError || child?.isMissing) return firstError(child) ?? child;
  }
  return null;
}

/** `node --check` only compiles; nothing of the file is run. */
async function nodeProblem(path: string, text: string): Promise<ParseProblem | null> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-parse-'));
  const extension = /[^.]+$/.exec(path)?.[0] ?? 'js';
  const isModule = extension === 'js' && /^\s*(?:import|export)\b/m.test(text);
  const file = join(directory, `file.${isModule ? 'mjs' : extension}`);
  try {
    await writeFile(file, text);
    const stderr = await new Promise<string | null>((resolve) => {
      execFile(
        process.execPath,
        ['--check', file],
        { env: { NODE_ENV: 'production' }, timeout: 10_000 },
        (error, _stdout, text) => resolve(error ? text : null),
      );
    });
    if (stderr === null) return null;
    const line = Number(/file\.\w+:(\d+)/.exec(stderr)?.[1] ?? 1);
    return { path, line, message: /SyntaxError[^\n]*/.exec(stderr)?.[0] ?? 'does not parse' };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** One outcome for all changed files of a snapshot. */
export async function checkParse(
  files: ReadonlyMap<string, string>,
  changed: readonly string[],
): Promise<CheckOutcome> {
  const started = Date.now();
  const problems: ParseProblem[] = [];
  let parsed = 0;
  for (const path of changed) {
    const text = files.get(path);
    if (text === undefined) continue;
    parsed++;
    const problem = await parseProblem(path, text);
    if (problem !== null) problems.push(problem);
  }
  const failed = problems.length > 0;
  return {
    kind: 'parse',
    command: 'parse changed files',
    status: failed ? 'failed' : 'passed',
    required: true,
    exitCode: failed ? 1 : 0,
    durationMs: Date.now() - started,
    output: failed
      ? problems.map(({ path, line, message }) => `${path}:${line}: ${message}`).join('\n')
      : `${parsed} files parsed`,
    sandbox: 'none',
  };
}
