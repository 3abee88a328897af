import type { AppliedEdit, Refusal, Rung } from '../schema';
import { type IndentShift, type Match, matchSection } from './match-section';
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
    const problem = pathProblem(block.path) ?? (block.kind === 'rename' ? pathProblem(block.to) : null);
    if (problem !== null) return this.refuse('path_invalid', block.path, `${JSON.stringify(block.path)}: ${problem}`);
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
    this.changes.set(path, content);
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

/** Applies one section; keeps the file's line ends and whether it ends with a newline. */
export function applySection(text: string, section: SearchReplace): SectionOutcome {
  const crlf = text.includes('\r\n');
  const file = splitLines(crlf ? text.replaceAll('\r\n', '\n') : text);
  const search = splitLines(section.search).lines;
  const replace = splitLines(section.replace).lines;
  if (search.every((line) => line.trim() === '')) {
    if (file.lines.length > 0 && text.trim() !== '') {
      return { refusal: { code: 'no_match', message: 'the SEARCH part is empty; quote the lines to change' } };
    }
    return { text: finish(replace, true, crlf), rung: 'exact' };
  }
  const match = matchSection(file.lines, search);
  if (match.kind !== 'found') return { refusal: explain(match) };
  const inserted = shape(replace, match);
  const lines = [...file.lines.slice(0, match.start), ...inserted, ...file.lines.slice(match.end)];
  const touchesEnd = match.end >= file.lines.length;
  return {
    text: finish(lines, touchesEnd ? file.finalNewline || inserted.length === 0 : file.finalNewline, crlf),
    rung: match.rung,
  };
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

/** The replacement as it goes into the file: shifted like the match, elided parts put back. */
function shape(replace: string[], match: Extract<Match, { kind: 'found' }>): string[] {
  if (match.rung === 'elided') {
    const captured = [...match.captured];
    return replace.flatMap((line) =>
      /^\s*(\/\/|#|--|\/\*)?\s*(\.\.\.|…)\s*(\*\/)?\s*$/.test(line) ? (captured.shift() ?? []) : [line],
    );
  }
  return match.indent === null ? replace : replace.map((line) => shift(line, match.indent));
}

function shift(line: string, indent: IndentShift | null): string {
  if (indent === null || line.trim() === '') return line;
  if (!indent.remove) return indent.text + line;
  return line.startsWith(indent.text) ? line.slice(indent.text.length) : line.trimStart();
}

function splitLines(text: string): { lines: string[]; finalNewline: boolean } {
  if (text === '') return { lines: [], finalNewline: true };
  const finalNewline = text.endsWith('\n');
  return { lines: (finalNewline ? text.slice(0, -1) : text).split('\n'), finalNewline };
}

function finish(lines: string[], finalNewline: boolean, crlf: boolean): string {
  if (lines.length === 0) return '';
  const text = lines.join('\n') + (finalNewline ? '\n' : '');
  return crlf ? text.replaceAll('\n', '\r\n') : text;
}

function isBinary(text: string): boolean {
  return text.includes('\0') || text.includes('�');
}

/** What the model is told when an edit was refused. */
export function renderRefusals(refusals: readonly Refusal[]): string {
  return refusals.map(({ message }) => `- ${message}`).join('\n');
}
