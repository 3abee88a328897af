import 'server-only';
import type { Refusal } from '../schema';
import { exportedNames, type ImportIndex, importIndex } from './module-names';

/** A file that loses more than this part of its lines is refused unless the task says so. */
const MAX_LOSS = 0.3;
/** Lost names that one message lists. */
const MAX_NAMED = 20;
/** Shorter files are rewritten as a matter of course. */
const MIN_LINES = 10;

const COMMENT = String.raw`(?:\/\/+|#+|--|\/\*+|<!--|\{\/\*|\*)`;
const CLOSING = String.raw` ?(?:\*\/\}?|-->)?$`;
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
  new RegExp(
    String.raw`^\s*${COMMENT}\s*(?:all |the )*(?:other|existing|remaining|previous) (?:\w+ ){1,3}(?:remains?|stays?|is|are) (?:unchanged|the same|as is|as-is|as before)[.…]*${CLOSING}`,
    'i',
  ),
  new RegExp(
    String.raw`^\s*${COMMENT}\s*(?:keep|leave) (?:everything else|the rest|(?:all |the )*(?:other|existing|remaining) \w+)(?: of (?:the |this )?\w+)?(?: (?:exactly )?(?:as is|as-is|as it is|unchanged|the same|as before))[.…]*${CLOSING}`,
    'i',
  ),
];
/** A comment of dots alone: in a file that exists it stands for lines that were there. */
const DOTS_ALONE = new RegExp(String.raw`^(?:\/\/+|#+|--|\/\*+|<!--|\{\/\*) ?${DOTS}${CLOSING}`);
/** A statement that does nothing before the comment, and brackets around what it says. */
const EMPTY_STATEMENT = /^(?:pass|\.{3}|return);? (?=#|\/\/|\/\*)/;
const BRACKETED = new RegExp(String.raw`^(${COMMENT} ?(?:${DOTS} ?)?)[[(]([^[\]()]*)[\])]`);
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
  let index: ImportIndex | undefined;
  const importsOf = () => {
    index ??= importIndex(after);
    return index;
  };
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
    if (old === undefined) continue;
    if (allowed.has(path)) {
      // Who becomes shorter by plan still owes its importers what they take.
      if (content !== null) refusals.push(...lostExports(path, old, content, importsOf));
      continue;
    }
    const lost = lostLines(old, content ?? '');
    if (lost !== null && (content !== null || !movedElsewhere(old, before, changes))) {
      refusals.push({
        code: 'shrink',
        path,
        message: `${path} would shrink from ${lost.from} to ${lost.to} lines, and the task does not say so; change only what is needed`,
      });
    }
    refusals.push(...lostExports(path, old, content, importsOf));
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
  const all = before === '' ? PLACEHOLDERS : [...PLACEHOLDERS, DOTS_ALONE];
  const patterns = PROSE.test(path) ? PLACEHOLDERS.slice(1, 2) : all;
  const known = new Set(before.split('\n').map((line) => line.trim()));
  for (const raw of after.split('\n')) {
    const line = raw.trim();
    if (line.length >= 300 || known.has(line)) continue;
    // One space for each run: patterns with two neighbouring runs would otherwise try every split.
    const spaced = line.replaceAll(/\s+/g, ' ').replace(EMPTY_STATEMENT, '').replace(BRACKETED, '$1$2');
    if (patterns.some((pattern) => pattern.test(spaced))) return line;
  }
  return null;
}

/** Exported names that disappear although a file that stays imports them. */
function lostExports(path: string, before: string, after: string | null, importsOf: () => ImportIndex): Refusal[] {
  const now = new Set(after === null ? [] : exportedNames(path, after));
  // With `export *` the new text does not tell its names: no claim is made.
  if (now.has('*')) return [];
  const lost = new Set(exportedNames(path, before).filter((name) => !now.has(name)));
  if (lost.size === 0) return [];
  const used = new Map<string, Set<string>>();
  for (const { importer, names } of importsOf().importersOf(path)) {
    const taken = names.filter((name) => lost.has(name));
    if (taken.length > 0) used.set(importer, new Set([...(used.get(importer) ?? []), ...taken]));
  }
  return [...used].map(([importer, names]) => ({
    code: 'lost_exports',
    path,
    message: `${path} no longer has ${[...names].slice(0, MAX_NAMED).join(', ')}, which ${importer} imports`,
  }));
}
