import type { AppliedEdit, Refusal, Rung } from '../schema';
import { applySection, BOM } from './apply-section';
import type { EditBlock, SearchReplace } from './parse-reply';
import { collisionKey, DEFAULT_LIMITS, pathProblem, treeProblems, visible, type WorkspaceLimits } from './paths';
import { signedLine } from './unified-diff';

/** Files of the same name that one refusal lists. */
const MAX_NAMESAKES = 5;

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

/** Paths of files with the same base name, on any system. */
export function namesakes(path: string, paths: Iterable<string>): string[] {
  const base = (one: string) => collisionKey(one.slice(one.lastIndexOf('/') + 1));
  return [...paths].filter((other) => other !== path && base(other) === base(path));
}

class Work {
  readonly changes = new Map<string, string | null>();
  readonly applied: AppliedEdit[] = [];
  readonly refusals: Refusal[] = [];
  private readonly additions = new Map<string, string>();

  constructor(private readonly tree: ReadonlyMap<string, string>) {}

  apply(block: EditBlock): void {
    for (const path of block.kind === 'rename' ? [block.path, block.to] : [block.path]) {
      const problem = pathProblem(path);
      if (problem !== null)
        return this.refuse('path_invalid', visible(path), `${visible(JSON.stringify(path))}: ${problem}`);
    }
    switch (block.kind) {
      case 'write':
        if (block.onlyNew && this.current(block.path) !== null) return this.refuseExample(block.path);
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

  /** Names the files that may be meant; a file of that name is not to be created beside them. */
  private missing(path: string, so: string): void {
    const same = namesakes(path, this.tree.keys());
    const hint =
      same.length === 0 ? so : `did you mean ${same.slice(0, MAX_NAMESAKES).join(' or ')}? Use the whole path`;
    this.refuse('not_found', path, `${path} does not exist${same.length === 0 ? ', ' : '; '}${hint}`);
  }

  private refuseExample(path: string): void {
    const message = `${path} exists; to replace it, write its path on a line of its own before the fence`;
    this.refuse('exists', path, message);
  }

  private write(path: string, content: string): void {
    if (isBinary(content)) return this.refuse('binary', path, `${path}: binary content cannot be written as text`);
    const before = this.current(path);
    const meant = /^(?:@|[ab]\/)(.+)$/.exec(path)?.[1] ?? '';
    if (before === null && this.tree.has(meant))
      return this.refuse('not_found', path, `${path} does not exist; did you mean ${meant}? Use the whole path`);
    const problem = before === null ? null : notWhole(path, before, content);
    if (problem !== null) return this.refuse('malformed', path, problem);
    // Models write \n; a file that has \r\n throughout keeps it.
    const carriage = before !== null && /\r\n/.test(before) && !/(?:^|[^\r])\n/.test(before) && !content.includes('\r');
    const mark = before?.startsWith(BOM) && !content.startsWith(BOM) ? BOM : '';
    this.changes.set(path, mark + (carriage ? content.replaceAll('\n', '\r\n') : content));
    this.applied.push({ path, action: 'write', rungs: [] });
  }

  private remove(path: string): void {
    if (this.current(path) === null) return this.missing(path, 'so it cannot be deleted');
    this.changes.set(path, null);
    this.applied.push({ path, action: 'delete', rungs: [] });
  }

  private rename(path: string, to: string): void {
    const content = this.current(path);
    if (content === null) return this.missing(path, 'so it cannot be renamed');
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
      return this.missing(path, 'so it cannot be changed; give its whole content to create it');
    }
    const rungs: Rung[] = [];
    let text = before;
    for (const [index, section] of sections.entries()) {
      const repeated = this.repeats(path, section);
      if (repeated === 'same') continue;
      if (repeated === 'other')
        return this.refuse(
          'ambiguous',
          path,
          `${path}, section ${index + 1}: an earlier section adds other lines at the same place; give both in one section`,
        );
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

  /** A section that adds lines beside the ones it quotes applies again and again: each is taken once. */
  private repeats(path: string, section: SearchReplace): 'same' | 'other' | null {
    const side = section.replace.startsWith(section.search)
      ? 'after'
      : section.replace.endsWith(`\n${section.search}`)
        ? 'before'
        : null;
    if (side === null || section.search.trim() === '') return null;
    const key = JSON.stringify([path, side, section.search]);
    const earlier = this.additions.get(key);
    this.additions.set(key, section.replace);
    if (earlier === section.replace) return 'same';
    // Lines before the quoted ones stand in the order of the sections; lines after them would be turned around.
    return earlier === undefined || side === 'before' ? null : 'other';
  }

  private refuse(code: Refusal['code'], path: string, message: string): void {
    this.refusals.push({ code, path, message });
  }
}

const SAYS_GONE =
  /^\W*(?:(?:this|the) )?(?:file )?(?:(?:is|was|has been|should be) )?(?:deleted?|removed?)(?: (?:file|entirely))?\W*$/i;

/** Why a text is not what a file that exists becomes, or null. */
function notWhole(path: string, before: string, content: string): string | null {
  const signed = signedLine(before, content);
  if (signed !== null)
    return `${path}: line ${signed} of the block is one of the file with a sign in front, so it is a diff; use SEARCH and REPLACE`;
  if (before.trim() !== '' && (content.trim() === '' || SAYS_GONE.test(content.trim())))
    return `${path} would become empty; to delete it, write <<<<<<< DELETE alone in the fence`;
  return null;
}

function isBinary(text: string): boolean {
  return text.includes('\0') || text.includes('�') || !text.isWellFormed();
}

/** What the model is told when an edit was refused. */
export function renderRefusals(refusals: readonly Refusal[]): string {
  return refusals.map(({ message }) => `- ${message}`).join('\n');
}
