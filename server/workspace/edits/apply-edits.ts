import type { AppliedEdit, Refusal, Rung } from '../schema';
import { type IndentShift, isElided, type Match, matchSection } from './match-section';
import type { EditBlock, SearchReplace } from './parse-reply';
import { DEFAULT_LIMITS, pathProblem, treeProblems, type WorkspaceLimits } from './paths';

export type ApplyResult =
  | { ok: true; changes: Map<string, string | null>; applied: AppliedEdit[] }
  | { ok: false; refusals: Refusal[] };

/**
 * Applies every block of a reply to a tree, or none. Never touches a path that no block names.
 * @param tree text files by path. @returns changed paths with their new content, null for a removed file.
 */
export function applyEdits(
  tree: ReadonlyMap<string, string>,
  blocks: readonly EditBlock[],
  limits: WorkspaceLimits = DEFAULT_LIMITS,
): ApplyResult {
  const work = new Work(tree);
  for (const block of blocks) work.apply(block);
  if (work.refusals.length === 0) work.checkTree(limits);
  return work.refusals.length > 0
    ? { ok: false, refusals: work.refusals }
    : { ok: true, changes: work.changes, applied: work.applied };
}

class Work {
  readonly changes = new Map<string, string | null>();
  readonly applied: AppliedEdit[] = [];
  readonly refusals: Refusal[] = [];

  constructor(private readonly tree: ReadonlyMap<string, string>) {}

  apply(block: EditBlock): void {
    for (const path of block.kind === 'rename' ? [block.path, block.to] : [block.path]) {
      const problem = pathProblem(path);
      if (problem !== null) return this.refuse('path_invalid', path, `${JSON.stringify(path)}: ${problem}`);
    }
    switch (block.kind) {
      case 'write':
        return this.write(block.path, block.content);
      case 'delete':
        return this.remove(block.path);
      case 'rename':
        return this.rename(block.path, block.to);
      case 'patch':
        return this.patch(block.path, block.sections);
    }
  }

  checkTree(limits: WorkspaceLimits): void {
    const sizes = new Map<string, { size: number }>();
    for (const [path, content] of this.tree) {
      if (!this.changes.has(path)) sizes.set(path, { size: Buffer.byteLength(content) });
    }
    for (const [path, content] of this.changes) {
      if (content !== null) sizes.set(path, { size: Buffer.byteLength(content) });
    }
    this.refusals.push(...treeProblems(sizes, limits));
  }

  private current(path: string): string | null {
    const changed = this.changes.get(path);
    return changed === undefined ? (this.tree.get(path) ?? null) : changed;
  }

  private write(path: string, content: string): void {
    if (isBinary(content)) return this.refuse('binary', path, `${path}: binary content cannot be written as text`);
    // Models write \n; a file that has \r\n throughout keeps it.
    const before = this.current(path);
    const carriage = before !== null && /\r\n/.test(before) && !/(?:^|[^\r])\n/.test(before) && !content.includes('\r');
    this.changes.set(path, carriage ? content.replaceAll('\n', '\r\n') : content);
    this.applied.push({ path, action: 'write', rungs: [] });
  }

  private remove(path: string): void {
    if (this.current(path) === null)
      return this.refuse('not_found', path, `${path} does not exist, so it cannot be deleted`);
    this.changes.set(path, null);
    this.applied.push({ path, action: 'delete', rungs: [] });
  }

  private rename(path: string, to: string): void {
    const content = this.current(path);
    if (content === null) return this.refuse('not_found', path, `${path} does not exist, so it cannot be renamed`);
    if (this.current(to) !== null) return this.refuse('exists', to, `${to} exists already`);
    this.changes.set(path, null);
    this.changes.set(to, content);
    this.applied.push({ path: to, action: 'rename', rungs: [] });
  }

  private patch(path: string, sections: SearchReplace[]): void {
    const before = this.current(path);
    if (before === null) {
      // A lone empty SEARCH against a missing file is how models write a new file.
      const [only] = sections;
      if (sections.length === 1 && only !== undefined && only.search.trim() === '')
        return this.write(path, only.replace);
      return this.refuse('not_found', path, `${path} does not exist; give its whole content to create it`);
    }
    const rungs: Rung[] = [];
    let text = before;
    for (const [index, section] of sections.entries()) {
      const outcome = applySection(text, section);
      if ('refusal' in outcome) {
        return this.refuse(outcome.refusal.code, path, `${path}, section ${index + 1}: ${outcome.refusal.message}`);
      }
      text = outcome.text;
      rungs.push(outcome.rung);
    }
    if (isBinary(text)) return this.refuse('binary', path, `${path}: binary content cannot be written as text`);
    this.changes.set(path, text);
    this.applied.push({ path, action: 'patch', rungs });
  }

  private refuse(code: Refusal['code'], path: string, message: string): void {
    this.refusals.push({ code, path, message });
  }
}

type SectionOutcome = { text: string; rung: Rung } | { refusal: { code: Refusal['code']; message: string } };

/** Applies one section; every line outside of it keeps its own end, and the file keeps its last newline or lack of one. */
export function applySection(text: string, section: SearchReplace): SectionOutcome {
  const file = splitLines(text);
  const search = splitLines(section.search).lines;
  const replace = splitLines(section.replace).lines;
  const usual = usualEnd(file.ends);
  if (search.every((line) => line.trim() === '')) {
    if (text.trim() !== '') {
      return { refusal: { code: 'no_match', message: 'the SEARCH part is empty; quote the lines to change' } };
    }
    return { text: replace.map((line) => line + usual).join(''), rung: 'exact' };
  }
  const match = matchSection(file.lines, search);
  if (match.kind !== 'found') return { refusal: explain(match) };
  const inserted = shape(replace, match);
  if (inserted === null) {
    const message = 'SEARCH and REPLACE have different numbers of ... lines; write the lines out instead';
    return { refusal: { code: 'malformed', message } };
  }
  const written = inserted.map((line, i) => line + (file.ends[match.start + i] || usual));
  if (match.end >= file.lines.length && written.length > 0) {
    written[written.length - 1] = (inserted.at(-1) ?? '') + (file.ends.at(-1) ?? usual);
  }
  const rest = (from: number, to: number) => file.lines.slice(from, to).map((line, i) => line + file.ends[from + i]);
  const all = [...rest(0, match.start), ...written, ...rest(match.end, file.lines.length)];
  return { text: all.join(''), rung: match.rung };
}

function explain(match: Exclude<Match, { kind: 'found' }>): { code: Refusal['code']; message: string } {
  if (match.kind === 'ambiguous') {
    return {
      code: 'ambiguous',
      message: `the SEARCH lines stand in ${match.lines.length} places (lines ${match.lines.join(', ')}); quote more lines around the one you mean`,
    };
  }
  const closest =
    match.closest === null ? '' : `; the closest lines begin at line ${match.closest.line}:\n${match.closest.text}`;
  return { code: 'no_match', message: `the SEARCH lines stand nowhere in the file${closest}` };
}

/**
 * The replacement as it goes into the file: shifted like the match, elided parts put back, the surplus blank lines of the
 * SEARCH part taken off here too. Null: the elided lines of both parts do not pair up. A replacement with none drops them.
 */
function shape(replace: string[], match: Extract<Match, { kind: 'found' }>): string[] | null {
  if (match.rung === 'elided') {
    const elided = replace.filter(isElided).length;
    if (elided !== 0 && elided !== match.captured.length) return null;
    const captured = [...match.captured];
    return replace.flatMap((line) => (isElided(line) ? (captured.shift() ?? []) : [line]));
  }
  let from = 0;
  let to = replace.length;
  while (from < to && from < match.blank.before && replace[from]?.trim() === '') from++;
  while (to > from && replace.length - to < match.blank.after && replace[to - 1]?.trim() === '') to--;
  const lines = replace.slice(from, to);
  return match.indent === null ? lines : lines.map((line) => shift(line, match.indent));
}

function shift(line: string, indent: IndentShift | null): string {
  if (indent === null || line.trim() === '') return line;
  if (!indent.remove) return indent.text + line;
  return line.startsWith(indent.text) ? line.slice(indent.text.length) : line.trimStart();
}

/** Lines and the end each one has: `\r\n`, `\n`, or nothing on an unfinished last line. */
function splitLines(text: string): { lines: string[]; ends: string[] } {
  const lines: string[] = [];
  const ends: string[] = [];
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const stop = newline < 0 ? text.length : newline;
    const carriage = newline > at && text[newline - 1] === '\r';
    lines.push(text.slice(at, carriage ? stop - 1 : stop));
    ends.push(newline < 0 ? '' : carriage ? '\r\n' : '\n');
    at = stop + 1;
  }
  return { lines, ends };
}

/** The end most lines have; new lines get it. */
function usualEnd(ends: string[]): string {
  const carriage = ends.filter((end) => end === '\r\n').length;
  return carriage * 2 > ends.length ? '\r\n' : '\n';
}

function isBinary(text: string): boolean {
  return text.includes('\0') || text.includes('�') || !text.isWellFormed();
}

/** What the model is told when an edit was refused. */
export function renderRefusals(refusals: readonly Refusal[]): string {
  return refusals.map(({ message }) => `- ${message}`).join('\n');
}
