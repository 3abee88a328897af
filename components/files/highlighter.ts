import type { HighlighterCore, LanguageRegistration } from 'shiki/core';

/** A piece of a line in one colour per theme. */
export interface CodeToken {
  text: string;
  style: Record<string, string>;
}

type Load = () => Promise<{ default: LanguageRegistration[] }>;

/** Each grammar is a chunk of its own, loaded when a file needs it. */
const GRAMMARS: Record<string, Load> = {
  css: () => import('shiki/langs/css.mjs'),
  html: () => import('shiki/langs/html.mjs'),
  javascript: () => import('shiki/langs/javascript.mjs'),
  json: () => import('shiki/langs/json.mjs'),
  jsx: () => import('shiki/langs/jsx.mjs'),
  markdown: () => import('shiki/langs/markdown.mjs'),
  python: () => import('shiki/langs/python.mjs'),
  shellscript: () => import('shiki/langs/shellscript.mjs'),
  sql: () => import('shiki/langs/sql.mjs'),
  toml: () => import('shiki/langs/toml.mjs'),
  tsx: () => import('shiki/langs/tsx.mjs'),
  typescript: () => import('shiki/langs/typescript.mjs'),
  yaml: () => import('shiki/langs/yaml.mjs'),
  go: () => import('shiki/langs/go.mjs'),
  rust: () => import('shiki/langs/rust.mjs'),
};

const BY_NAME: Record<string, string> = {
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  py: 'python',
  md: 'markdown',
  yml: 'yaml',
  htm: 'html',
  svg: 'html',
  sh: 'shellscript',
  bash: 'shellscript',
  shell: 'shellscript',
  console: 'shellscript',
  rs: 'rust',
};

/** The grammar for a language's name or a file's ending; null: plain text. */
export function grammarOf(nameOrPath: string): string | null {
  const name = nameOrPath.slice(nameOrPath.lastIndexOf('.') + 1).toLowerCase();
  const known = BY_NAME[name] ?? name;
  return known in GRAMMARS ? known : null;
}

/** Beyond this many characters a file is shown plain: highlighting would block the page. */
const MAX_HIGHLIGHTED_CHARACTERS = 200_000;

let shared: Promise<HighlighterCore> | null = null;

async function highlighter(): Promise<HighlighterCore> {
  shared ??= (async () => {
    const [{ createHighlighterCore }, { createJavaScriptRegexEngine }, light, dark] = await Promise.all([
      import('shiki/core'),
      import('shiki/engine/javascript'),
      import('shiki/themes/github-light-high-contrast.mjs'),
      import('shiki/themes/github-dark-default.mjs'),
    ]);
    return createHighlighterCore({
      themes: [light.default, dark.default],
      langs: [],
      engine: createJavaScriptRegexEngine({ forgiving: true }),
    });
  })();
  return shared;
}

/** Lines of coloured pieces, or null where the text stays plain. */
export async function highlight(code: string, grammar: string | null): Promise<CodeToken[][] | null> {
  const load = grammar === null ? undefined : GRAMMARS[grammar];
  if (grammar === null || load === undefined || code.length > MAX_HIGHLIGHTED_CHARACTERS) return null;
  const [core, language] = await Promise.all([highlighter(), load()]);
  await core.loadLanguage(...language.default);
  const { tokens } = core.codeToTokens(code, {
    lang: grammar,
    themes: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    defaultColor: false,
  });
  return tokens.map((line) => line.map(({ content, htmlStyle }) => ({ text: content, style: htmlStyle ?? {} })));
}
