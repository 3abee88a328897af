import { withoutNumbers } from './line-numbers';
import { firstMarker, type Marker, markerOf } from './markers';
import { patchLine } from './patch-likeness';
import { pathInComment, pathOf, plain } from './path-line';
import { lineAt, type PatchBody, readSections, type SearchReplace } from './read-sections';
import { foreignLine, isDiff, readDiff } from './unified-diff';

export type EditBlock =
  /** `onlyNew`: the path stood in a comment inside, so it may be an example; an existing file is not replaced by it. */
  | { kind: 'write'; path: string; content: string; onlyNew?: true }
  | { kind: 'patch'; path: string; sections: SearchReplace[] }
  | { kind: 'delete'; path: string }
  | { kind: 'rename'; path: string; to: string };

const MARKDOWN = /\.(?:md|mdx|markdown|rst|adoc|txt)$/i;
/** Files in which numbered lines are never the text itself. */
const CODE =
  /\.(?:[cm]?[jt]sx?|py|rb|go|rs|java|kts?|swift|c|h|cc|cpp|hpp|cs|php|html?|s?css|less|vue|svelte|sh|lua|scala|dart|exs?|json|toml)$/i;
const COMMENT = /^\s*(?:\/\/|#|\/\*|<!--|--\s|\*)/;

/** What a block says to do with its file, or what is wrong with which line. @param info what its fence says */
export function readBlock(block: PatchBody, info: string): EditBlock[] | string {
  const body = withoutPathLine(block);
  const marker = firstMarker(body.lines);
  if (marker >= 0) return readMarked(body, marker);
  const { path, lines, at } = body;
  if (isDiff(path, lines, info)) {
    const sections = readDiff(body);
    return typeof sections === 'string' ? sections : [{ kind: 'patch', path, sections }];
  }
  const mark = patchLine(path, lines);
  if (mark >= 0) return `${lineAt(at + mark, lines[mark] ?? '')} is a marker, so this is no whole file`;
  const foreign = foreignLine(path, lines);
  if (foreign >= 0)
    return `${lineAt(at + foreign, lines[foreign] ?? '')} belongs to another format of patches; use SEARCH and REPLACE`;
  const inner = unwrapped(path, lines);
  if (typeof inner === 'string') return inner;
  const isNumbered = CODE.test(path) && /^\s*1\D/.test(inner[0] ?? '');
  const content = (isNumbered ? withoutNumbers(inner) : null) ?? inner;
  return [{ kind: 'write', path, content: content.length === 0 ? '' : `${content.join('\n')}\n` }];
}

/** Some models repeat the path as the first line of a patch. */
function withoutPathLine({ path, lines, at }: PatchBody): PatchBody {
  const first = lines.findIndex((line) => line.trim() !== '');
  const line = lines[first] ?? '';
  const named = pathInComment(line, '') ?? pathOf(line);
  const second = lines.slice(first + 1).find((other) => other.trim() !== '') ?? '';
  if (named !== path || markerOf(second) === null) return { path, lines, at };
  return { path, lines: lines.slice(first + 1), at: at + first + 1 };
}

function readMarked({ path, lines, at }: PatchBody, first: number): EditBlock[] | string {
  const before = lines.findIndex((line, i) => i < first && line.trim() !== '' && !COMMENT.test(line));
  if (before >= 0)
    return `text outside of a SEARCH section: ${lineAt(at + before, lines[before] ?? '')} stands before it`;
  const line = lines[first] ?? '';
  const marker = markerOf(line);
  const rest = { path, lines: lines.slice(first + 1), at: at + first + 1 };
  if (marker?.kind === 'delete' && marker.opens) return readDelete(rest, marker, lineAt(at + first, line));
  if (marker?.kind === 'rename' && marker.opens) return readRename(rest, marker, lineAt(at + first, line));
  const sections = readSections({ path, lines: lines.slice(first), at: at + first });
  return typeof sections === 'string' ? sections : [{ kind: 'patch', path, sections }];
}

function readDelete(rest: PatchBody, { tail }: Marker, where: string): EditBlock[] | string {
  const { path } = rest;
  const named = tail === '' ? path : pathOf(tail);
  if (named !== path) return `${where} names another file than ${path}`;
  const more = beyondEnd(rest, 'delete');
  return more === null ? [{ kind: 'delete', path }] : `${more} stands in a block that deletes ${path}`;
}

/** The new path, and the sections that may follow it. */
function readRename(rest: PatchBody, { tail }: Marker, where: string): EditBlock[] | string {
  const { path } = rest;
  const arrow = /^(\S+)\s*(?:->|=>|→)\s*(\S.*)$/.exec(tail);
  const target = (arrow !== null && plain(arrow[1] ?? '') === path ? (arrow[2] ?? '') : tail).replace(
    /^to\s*:?\s+/i,
    '',
  );
  const inQuotes = /^(["'`]|\*\*)(.+)\1$/.exec(target)?.[2]?.trim();
  const bare = inQuotes ?? (/\s/.test(target) ? '' : (pathOf(target) ?? target));
  if (bare === '' || /[`"'<>]/.test(bare)) return `${where} says no new path`;
  const rename: EditBlock = { kind: 'rename', path, to: plain(bare) };
  const first = firstMarker(rest.lines);
  const next = first < 0 ? null : markerOf(rest.lines[first] ?? '');
  if (next?.kind === 'search') {
    // The text is edited under its new name: the block renames first.
    const sections = readSections({ ...rest, path: rename.to });
    return typeof sections === 'string' ? sections : [rename, { kind: 'patch', path: rename.to, sections }];
  }
  const more = beyondEnd(rest, 'rename');
  return more === null ? [rename] : `${more} stands in a block that renames ${path}`;
}

/** The first line that is neither blank nor an end marker of this kind. */
function beyondEnd({ lines, at }: PatchBody, kind: Marker['kind']): string | null {
  const more = lines.findIndex((line) => {
    const marker = markerOf(line);
    return line.trim() !== '' && !(marker?.kind === kind && !marker.opens);
  });
  return more < 0 ? null : lineAt(at + more, lines[more] ?? '');
}

/** A file that stands in one more fence of its own, without it. Markdown may well be one fence, unless it says `md`. */
function unwrapped(path: string, lines: readonly string[]): readonly string[] | string {
  const from = lines.findIndex((line) => line.trim() !== '');
  const to = lines.findLastIndex((line) => line.trim() !== '');
  const [, fence, info = ''] = /^(`{3,}|~{3,}(?!~))([^`]*)$/.exec(lines[from] ?? '') ?? [];
  if (fence === undefined || (MARKDOWN.test(path) && !/^(?:md|mdx|markdown|rst|adoc|te?xt)\b/i.test(info.trim())))
    return lines;
  const inside = lines.slice(from + 1, to);
  if (to <= from || lines[to]?.trimEnd() !== fence || inside.some((line) => line.trimEnd() === fence))
    return MARKDOWN.test(path)
      ? lines
      : `its content begins with a fence of its own (${fence}${info}); give the content alone`;
  return inside;
}
