import type { Refusal } from '../schema';

/** A file that loses more than this part of its lines is refused unless the task says so. */
const MAX_LOSS = 0.3;
/** Shorter files are rewritten as a matter of course. */
const MIN_LINES = 10;

const COMMENT = String.raw`(?:\/\/+|#+|--|\/\*+|<!--|\{\/\*|\*)`;
const CLOSING = String.raw`\s*(?:\*\/\}?|-->)?\s*$`;
const DOTS = String.raw`(?:\.{3}|…)`;
const LEFT_OUT = '(?:rest|remaining|existing|previous|other|unchanged|same|keep)';
// Sentences models write instead of code they left out. `...rest,` on its own line is code, so bare dots need words after.
const PLACEHOLDERS = [
  new RegExp(String.raw`^\s*${COMMENT}\s*${DOTS}\s*(?:the\s+|all\s+)*${LEFT_OUT}\b`, 'i'),
  new RegExp(
    String.raw`^\s*${DOTS}\s*(?:the\s+)?(?:rest of|${LEFT_OUT} (?:code|file|function|methods?|imports?|lines?|as))\b`,
    'i',
  ),
  new RegExp(
    String.raw`^\s*${COMMENT}\s*(?:the\s+)?rest of (?:the |this |your )?(?:code|file|function|class|component|implementation|methods?)(?: here| goes here| (?:is |remains |stays )?(?:unchanged|the same|as before))?[.…]*${CLOSING}`,
    'i',
  ),
  new RegExp(
    String.raw`^\s*${COMMENT}\s*(?:code |everything else |existing code |remaining code |the rest )?(?:is )?(?:unchanged|stays the same|remains the same|remains unchanged|same as before|as before|omitted(?: for brevity)?)[.…]*${CLOSING}`,
    'i',
  ),
  new RegExp(
    String.raw`^\s*${COMMENT}\s*(?:your |the )?(?:existing|remaining|previous) code(?: here| goes here| unchanged)?[.…]*${CLOSING}`,
    'i',
  ),
];
/** Headings and lists of prose: "# Unchanged" is a title there; only dotted forms count. */
const PROSE = /\.(?:md|mdx|txt|rst|adoc)$/i;

export interface GuardInput {
  before: ReadonlyMap<string, string>;
  changes: ReadonlyMap<string, string | null>;
  /** Paths the task itself says are deleted, renamed or cut down. */
  allowed: ReadonlySet<string>;
}

/** Refuses changes that silently lose code (formats.md, shrink guard). */
export function guardShrinkage({ before, changes, allowed }: GuardInput): Refusal[] {
  const refusals: Refusal[] = [];
  const after = new Map(before);
  for (const [path, content] of changes) {
    if (content === null) after.delete(path);
    else after.set(path, content);
  }
  for (const [path, content] of changes) {
    const old = before.get(path);
    if (content !== null) {
      const line = placeholderLine(path, old ?? '', content);
      if (line !== null) {
        refusals.push({
          code: 'placeholder',
          path,
          message: `${path}: a placeholder stands where code should be: ${JSON.stringify(line)}; write the whole code`,
        });
      }
    }
    if (old === undefined || allowed.has(path)) continue;
    const lost = lostLines(old, content ?? '');
    if (lost !== null && (content !== null || !movedElsewhere(old, before, changes))) {
      refusals.push({
        code: 'shrink',
        path,
        message: `${path} would shrink from ${lost.from} to ${lost.to} lines, and the task does not say so; change only what is needed`,
      });
    }
    refusals.push(...lostExports(path, old, content, after));
  }
  return refusals;
}

function lostLines(before: string, after: string): { from: number; to: number } | null {
  const from = countLines(before);
  const to = countLines(after);
  return from >= MIN_LINES && from - to > from * MAX_LOSS ? { from, to } : null;
}

/** A deleted file whose lines stand in a file this change adds was renamed. */
function movedElsewhere(
  old: string,
  before: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string | null>,
): boolean {
  const lines = old.split('\n').filter((line) => line.trim() !== '');
  for (const [path, content] of changes) {
    if (content === null || before.has(path)) continue;
    const there = new Set(content.split('\n'));
    if (lines.filter((line) => there.has(line)).length >= lines.length * (1 - MAX_LOSS)) return true;
  }
  return false;
}

function countLines(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length;
}

function placeholderLine(path: string, before: string, after: string): string | null {
  const patterns = PROSE.test(path) ? PLACEHOLDERS.slice(1, 2) : PLACEHOLDERS;
  const known = new Set(before.split('\n').map((line) => line.trim()));
  for (const line of after.split('\n')) {
    if (line.length < 300 && !known.has(line.trim()) && patterns.some((pattern) => pattern.test(line)))
      return line.trim();
  }
  return null;
}

/** Exported names that disappear although a file that stays imports them. */
function lostExports(
  path: string,
  before: string,
  after: string | null,
  files: ReadonlyMap<string, string>,
): Refusal[] {
  const now = new Set(after === null ? [] : exportedNames(path, after));
  // With `export *` the new text does not tell its names: no claim is made.
  if (now.has('*')) return [];
  const lost = exportedNames(path, before).filter((name) => !now.has(name));
  if (lost.length === 0) return [];
  const refusals: Refusal[] = [];
  for (const [other, text] of files) {
    if (other === path) continue;
    const used = importedNames(other, text, path).filter((name) => lost.includes(name));
    if (used.length > 0) {
      refusals.push({
        code: 'lost_exports',
        path,
        message: `${path} no longer has ${used.join(', ')}, which ${other} imports`,
      });
    }
  }
  return refusals;
}

const SCRIPT = /\.(?:[cm]?[jt]sx?)$/;

/** Names of a list in braces: the outer names for exports (`a as b` gives b), the inner ones for imports (gives a). */
function listed(braces: string, side: 'inner' | 'outer'): string[] {
  return braces.split(',').map((part) => {
    const names = part
      .trim()
      .replace(/^type\s+/, '')
      .split(/\s+as\s+|\s*:\s*/);
    return (side === 'inner' ? names[0] : names.at(-1)) ?? '';
  });
}

/** Names a file gives to others; `*` when it passes on another file's names, which this text does not tell. */
export function exportedNames(path: string, text: string): string[] {
  const found = SCRIPT.test(path) ? scriptExports(text) : path.endsWith('.py') ? pythonNames(text) : [];
  return [...new Set(found.filter((name) => /^[\w$*]+$/.test(name)))];
}

const DECLARED =
  /^[ \t]*export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\s*\*?|class|const\s+enum|const|let|var|interface|type|enum|namespace)\s+([\w$]+)/gm;

function scriptExports(text: string): string[] {
  const first = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
  return [
    ...first(DECLARED),
    ...first(/^[ \t]*export\s*(?:type\s*)?\{([^}]{0,4000})\}/gm).flatMap((braces) => listed(braces, 'outer')),
    ...first(/^[ \t]*export\s+(?:const|let|var)\s*\{([^}]{0,4000})\}/gm).flatMap((braces) => listed(braces, 'outer')),
    ...first(/^[ \t]*export\s*\*\s*(?:as\s+([\w$]+))?/gm).map((name) => name || '*'),
    ...first(/(?:^|[^\w.$])(?:module\.)?exports\.([\w$]+)\s*=(?!=)/g),
    ...first(/(?:^|[^\w.$])module\.exports\s*=\s*\{([^}]{0,4000})\}/g).flatMap((braces) => listed(braces, 'inner')),
    ...(/^[ \t]*export\s+default\b/m.test(text) ? ['default'] : []),
  ];
}

function pythonNames(text: string): string[] {
  const first = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
  return [
    ...first(/^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)/gm),
    ...first(/^([A-Za-z_]\w*)[ \t]*(?::[^=\n]{1,200})?=(?!=)/gm),
    ...pythonImports(text).flatMap(({ names }) => listed(names, 'outer')),
  ];
}

/** `from x import a, b as c`, over several lines where in parentheses. */
function pythonImports(text: string): { from: string; names: string }[] {
  const pattern = /^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(?:\(([^)]{0,1000})\)|([^(\n][^\n]*))/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    from: match[1] ?? '',
    names: (match[2] ?? match[3] ?? '').replaceAll(/#[^\n]*/g, ''),
  }));
}

/** Names that `importer` takes from `target`. */
function importedNames(importer: string, text: string, target: string): string[] {
  if (SCRIPT.test(importer) && SCRIPT.test(target))
    return scriptImports(importer, text, target).filter((name) => name !== '');
  if (!importer.endsWith('.py') || !target.endsWith('.py')) return [];
  const module = target
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
  return pythonImports(text).flatMap(({ from, names }) => {
    const bare = from.replace(/^\.+/, '');
    return bare !== '' && (module === bare || module.endsWith(`.${bare}`)) ? listed(names, 'inner') : [];
  });
}

const IMPORTS = /\b(?:import|export)\s+(?:type\s+)?([^'"`;]{0,600}?)\s*\bfrom\s*['"]([^'"\n]{1,300})['"]/g;
const REQUIRES =
  /\b(?:const|let|var)\s+(?:\{([^}]{0,600})\}|([\w$]+))\s*=\s*(?:await\s+import|require)\s*\(\s*['"]([^'"\n]{1,300})['"]/g;

function scriptImports(importer: string, text: string, target: string): string[] {
  const names: string[] = [];
  for (const [, clause = '', specifier = ''] of text.matchAll(IMPORTS)) {
    if (!pointsTo(importer, specifier, target)) continue;
    names.push(...listed(/\{([^}]*)\}/.exec(clause)?.[1] ?? '', 'inner'));
    if (/^[\w$]+/.test(clause.replace(/\{[^}]*\}/, '').trim())) names.push('default');
    names.push(...membersOf(text, /\*\s*as\s+([\w$]+)/.exec(clause)?.[1]));
  }
  for (const [, braces = '', binding, specifier = ''] of text.matchAll(REQUIRES)) {
    if (pointsTo(importer, specifier, target)) names.push(...listed(braces, 'inner'), ...membersOf(text, binding));
  }
  return names;
}

/** What is used of a module bound to one name: `ns.a` gives a. */
function membersOf(text: string, binding: string | undefined): string[] {
  if (binding === undefined) return [];
  return [...text.matchAll(/([\w$]+)\.([\w$]+)/g)]
    .filter((match) => match[1] === binding)
    .map((match) => match[2] ?? '');
}

function pointsTo(importer: string, specifier: string, target: string): boolean {
  const bare = (path: string) => path.replace(SCRIPT, '').replace(/\/index$/, '');
  // The usual aliases of a project's root or its src folder.
  if (/^[@~]\//.test(specifier)) {
    const path = bare(specifier.slice(2));
    return bare(target) === path || bare(target) === `src/${path}`;
  }
  if (!specifier.startsWith('.')) return false;
  const parts = importer.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return bare(parts.join('/')) === bare(target);
}
