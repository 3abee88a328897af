import 'server-only';
import { join } from 'node:path';
import { Language, Parser, type Tree as SyntaxTree } from 'web-tree-sitter';

/** Grammar for a file name, or null: files of other kinds have no syntax here. */
export function grammarOf(path: string): string | null {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return GRAMMARS[extension] ?? null;
}

const GRAMMARS: Record<string, string> = {
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
  py: 'python',
  html: 'html',
  htm: 'html',
  css: 'css',
  go: 'go',
  rs: 'rust',
  java: 'java',
  c: 'c',
  h: 'c',
  cpp: 'cpp',
  cc: 'cpp',
  hpp: 'cpp',
  rb: 'ruby',
  php: 'php',
  cs: 'c_sharp',
  sh: 'bash',
};

const MODULES = join(process.cwd(), 'node_modules');
let starting: Promise<void> | undefined;
const languages = new Map<string, Promise<Language>>();

/** Parses with the WebAssembly grammar; the caller deletes the tree. Only the threads that are made for it parse. */
export async function parseSyntax(grammar: string, text: string): Promise<SyntaxTree>;
/** @returns null when it takes longer than `maxMs` milliseconds. */
export async function parseSyntax(grammar: string, text: string, maxMs: number): Promise<SyntaxTree | null>;
export async function parseSyntax(grammar: string, text: string, maxMs = Infinity): Promise<SyntaxTree | null> {
  starting ??= Parser.init({ locateFile: (name: string) => join(MODULES, 'web-tree-sitter', name) });
  await starting;
  let language = languages.get(grammar);
  if (language === undefined) {
    language = Language.load(join(MODULES, 'tree-sitter-wasms', 'out', `tree-sitter-${grammar}.wasm`));
    languages.set(grammar, language);
  }
  const parser = new Parser();
  try {
    parser.setLanguage(await language);
    const end = performance.now() + maxMs;
    const tree = parser.parse(text, null, { progressCallback: () => performance.now() > end });
    if (tree === null && performance.now() <= end) throw new Error(`the ${grammar} parser gave no tree`);
    return tree;
  } finally {
    parser.delete();
  }
}
