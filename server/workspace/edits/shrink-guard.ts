import type { Refusal } from '../schema';

/** A file that loses more than this part of its lines is refused unless the task says so. */
const MAX_LOSS = 0.3;
/** Shorter files are rewritten as a matter of course. */
const MIN_LINES = 10;

// Sentences models write instead of code they left out.
const PLACEHOLDERS = [
  /^\s*(?:\/\/|#|--|\/\*|<!--|\{\/\*)?\s*(?:\.{3}|…)\s*(?:the\s+)?(?:rest|remaining|existing|previous|other|unchanged|same)\b.*$/i,
  /^\s*(?:\/\/|#|--|\/\*|<!--|\{\/\*)\s*(?:the\s+)?rest of (?:the |this )?(?:code|file|function|class|component|implementation|methods?)\b.*$/i,
  /^\s*(?:\/\/|#|--|\/\*|<!--|\{\/\*)\s*(?:code |everything else |existing code |remaining code )?(?:unchanged|stays the same|remains the same|as before|omitted)\b.*$/i,
  /^\s*(?:\/\/|#|--|\/\*|<!--|\{\/\*)\s*\.{3}\s*existing code\s*\.{3}.*$/i,
];

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
      const line = placeholderLine(old ?? '', content);
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
    if (lost !== null && content !== null) {
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

function countLines(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length;
}

function placeholderLine(before: string, after: string): string | null {
  const known = new Set(before.split('\n').map((line) => line.trim()));
  for (const line of after.split('\n')) {
    if (line.length < 300 && !known.has(line.trim()) && PLACEHOLDERS.some((pattern) => pattern.test(line)))
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

export function exportedNames(path: string, text: string): string[] {
  const names = new Set<string>();
  if (SCRIPT.test(path)) {
    for (const match of text.matchAll(
      /^\s*export\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|const|let|var|interface|type|enum)\s+([\w$]+)/gm,
    ))
      names.add(match[1] ?? '');
    for (const match of text.matchAll(/^\s*export\s*(?:type\s*)?\{([^}]*)\}/gm)) {
      for (const part of (match[1] ?? '').split(','))
        names.add(
          (
            part
              .trim()
              .split(/\s+as\s+/)
              .at(-1) ?? ''
          ).replace(/^type\s+/, ''),
        );
    }
    if (/^\s*export\s+default\b/m.test(text)) names.add('default');
  } else if (path.endsWith('.py')) {
    for (const match of text.matchAll(/^(?:async\s+)?(?:def|class)\s+(\w+)/gm)) names.add(match[1] ?? '');
    for (const match of text.matchAll(/^([A-Za-z_]\w*)\s*(?::[^=\n]+)?=/gm)) names.add(match[1] ?? '');
  }
  names.delete('');
  return [...names];
}

/** Names that `importer` takes from `target`. */
function importedNames(importer: string, text: string, target: string): string[] {
  if (SCRIPT.test(importer) && SCRIPT.test(target)) return scriptImports(importer, text, target);
  if (importer.endsWith('.py') && target.endsWith('.py')) return pythonImports(text, target);
  return [];
}

function scriptImports(importer: string, text: string, target: string): string[] {
  const names: string[] = [];
  for (const match of text.matchAll(/(?:import|export)\s+(?:type\s+)?([^'"`;]*?)\s*from\s*['"]([^'"]+)['"]/g)) {
    if (!pointsTo(importer, match[2] ?? '', target)) continue;
    const clause = match[1] ?? '';
    const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
    names.push(...originals(braces).map((name) => name.replace(/^type\s+/, '')));
    if (/^[\w$]+/.test(clause.replace(/\{[^}]*\}/, '').trim())) names.push('default');
  }
  return names.filter((name) => name !== '');
}

function pythonImports(text: string, target: string): string[] {
  const module = target
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
  const names: string[] = [];
  for (const match of text.matchAll(/^\s*from\s+([.\w]+)\s+import\s+\(?([^)\n]*)/gm)) {
    const from = (match[1] ?? '').replace(/^\.+/, '');
    if (from !== '' && (module === from || module.endsWith(`.${from}`))) names.push(...originals(match[2] ?? ''));
  }
  return names.filter((name) => name !== '');
}

/** `a, b as c` -> a, b. */
function originals(list: string): string[] {
  return list.split(',').map((part) => part.trim().split(/\s+as\s+/)[0] ?? '');
}

function pointsTo(importer: string, specifier: string, target: string): boolean {
  if (!specifier.startsWith('.')) return false;
  const parts = importer.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  const bare = (path: string) => path.replace(SCRIPT, '').replace(/\/index$/, '');
  return bare(parts.join('/')) === bare(target);
}
