import 'server-only';
import type { PlannedTask } from '@/server/agents/schema';
import { applyEdits, namesakes } from '@/server/workspace/edits/apply-edits';
import { applySection } from '@/server/workspace/edits/apply-section';
import { saysCutDown } from '@/server/workspace/edits/cut-down';
import { isQuote } from '@/server/workspace/edits/mentions';
import type { ParsedReply, SearchReplace } from '@/server/workspace/edits/parse-reply';
import { collisionKey } from '@/server/workspace/edits/paths';
import { guardShrinkage } from '@/server/workspace/edits/shrink-guard';
import type { AppliedEdit, Refusal } from '@/server/workspace/schema';

/** How each block of an answer ended. One refusal keeps all others from being applied: they wait. */
export interface BlockCounts {
  applied: number;
  refused: number;
  waiting: number;
  examples: number;
}

export interface Evaluation {
  changes: Map<string, string | null>;
  applied: AppliedEdit[];
  refusals: Refusal[];
  counts: BlockCounts;
}

interface Reply {
  before: ReadonlyMap<string, string>;
  parsed: ParsedReply;
  task: PlannedTask;
}

/** What an answer changes in the tree, or why nothing of it is applied. */
export function evaluateReply({ before, parsed, task }: Reply): Evaluation {
  const { blocks, examples } = parsed;
  const refuse = (refusals: Refusal[]): Evaluation => {
    const paths = new Set(refusals.map(({ path }) => path));
    const waiting = blocks.filter((block) => !paths.has(block.path)).length;
    const counts = { applied: 0, refused: refusals.length, waiting, examples };
    return { changes: new Map(), applied: [], refusals, counts };
  };
  const unread = unreadParts(parsed);
  if (unread.length > 0) return refuse(unread);
  const result = applyEdits(before, blocks);
  if (!result.ok) return refuse(result.refusals);
  const { changes } = result;
  const refusals = [
    ...guardShrinkage({ before, changes, allowed: cutDown(before, task) }),
    ...missingFiles(before, changes, task),
    ...meantFiles(before, changes, parsed, task),
  ];
  if (refusals.length > 0) return refuse(refusals);
  return {
    changes,
    applied: result.applied,
    refusals,
    counts: { applied: result.applied.length, refused: 0, waiting: 0, examples },
  };
}

function unreadParts({ blocks, malformed, unfinished, prose }: ParsedReply): Refusal[] {
  if (unfinished !== null)
    return [
      {
        code: 'malformed',
        path: unfinished,
        message: `the answer was cut off inside ${unfinished}; nothing of it was applied`,
      },
    ];
  if (malformed.length > 0)
    return malformed.map(({ path, message }) => ({
      code: 'malformed',
      path,
      message: path === '' ? message : `${path}: ${message}`,
    }));
  if (blocks.length > 0) return [];
  const said = prose === '' ? '' : `: ${prose.slice(0, 300)}`;
  return [{ code: 'malformed', path: '', message: `the answer holds no files${said}` }];
}

/** Paths that the task itself says are deleted, renamed or made shorter. */
function cutDown(before: ReadonlyMap<string, string>, task: PlannedTask): Set<string> {
  const paths = task.files.filter(({ action, path }) => {
    const source = before.get(path);
    return (
      action === 'delete' ||
      action === 'rename' ||
      (source !== undefined && saysCutDown(`${task.title}. ${task.why}`, path, source))
    );
  });
  return new Set(paths.map(({ path }) => path));
}

/** Files that the task creates, and no block brings. */
function missingFiles(
  before: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string | null>,
  task: PlannedTask,
): Refusal[] {
  const given = [...changes].flatMap(([path, content]) => (content === null ? [] : [path]));
  const kept = [...before.keys()].filter((path) => changes.get(path) !== null);
  const there = new Set([...kept, ...given].map(collisionKey));
  const missing = task.files.filter(({ action, path }) => action === 'create' && !there.has(collisionKey(path)));
  return missing.map(({ path }) => ({
    code: 'missing_file',
    path,
    message: `${path} is missing: the task creates it, and no block of the answer does`,
  }));
}

/** Files that a sentence before a fence names, or that prose says to remove, and no block touches. */
function meantFiles(
  before: ReadonlyMap<string, string>,
  changes: ReadonlyMap<string, string | null>,
  { mentions }: ParsedReply,
  task: PlannedTask,
): Refusal[] {
  const planned = new Set(task.files.map(({ path }) => path));
  const meant = mentions.filter(
    ({ path, body }) =>
      !changes.has(path) &&
      (before.has(path) || (planned.has(path) && body !== null)) &&
      !(body !== null && isQuote(body, before.get(path) ?? '')),
  );
  return meant.map(({ path, line, body }) => ({
    code: 'malformed',
    path,
    message:
      body === null
        ? `${path}: line ${line} of the answer says what becomes of it; write <<<<<<< DELETE or <<<<<<< RENAME new/path in a fence`
        : `${path}: the fence at line ${line} of the answer may be meant for it; write the path alone on the line before, or leave the example out`,
  }));
}

/**
 * The first answer with the blocks of the repair in place of its own for the same files.
 * @param refusals what the repair was asked for: it may give a block under its whole path, or the refused section alone
 */
export function mergeRepair(
  first: ParsedReply,
  repair: ParsedReply,
  { refusals, before }: { refusals: readonly Refusal[]; before: ReadonlyMap<string, string> },
): ParsedReply {
  const refused = new Set(refusals.map(({ path }) => path));
  const given = new Set(repair.blocks.map(({ path }) => path));
  const isGiven = (path: string) => given.has(path) || (refused.has(path) && namesakes(path, given).length > 0);
  const blocks = [...first.blocks.filter(({ path }) => !isGiven(path)), ...repair.blocks];
  for (const path of given) {
    const asked = refusals.filter((refusal) => refusal.path === path);
    if (asked.length === 0 || !asked.every(({ code }) => code === 'no_match' || code === 'ambiguous')) continue;
    const sections = leftOut(before.get(path), sectionsOf(first, path), sectionsOf(repair, path));
    if (sections.length > 0) blocks.push({ kind: 'patch', path, sections });
  }
  // A block that made no sense and was not given again is missing: without it the task is not done.
  const known = new Set([...first.blocks, ...first.malformed].map(({ path }) => path));
  let placed = [...given].filter((path) => !known.has(path)).length;
  const missing = first.malformed.filter(({ path }) => (path === '' ? placed-- <= 0 : !isGiven(path)));
  return {
    ...repair,
    blocks,
    malformed: [...repair.malformed, ...missing],
    examples: first.examples + repair.examples,
    mentions: [],
  };
}

/** The sections for a file; none when another kind of block has to do with it. */
function sectionsOf({ blocks }: ParsedReply, path: string): SearchReplace[] {
  const own = blocks.filter((block) => block.path === path);
  return own.every(({ kind }) => kind === 'patch')
    ? own.flatMap((one) => (one.kind === 'patch' ? one.sections : []))
    : [];
}

/** Sections of the first answer that apply, and that a repair of the same file leaves out. */
function leftOut(
  text: string | undefined,
  first: readonly SearchReplace[],
  repair: readonly SearchReplace[],
): SearchReplace[] {
  if (text === undefined || repair.length === 0) return [];
  const good = applied(text, first).sections;
  const after = applied(text, repair);
  if (after.sections.length < repair.length) return [];
  // One that adds lines beside those it quotes would apply again.
  const isThere = ({ search, replace }: SearchReplace) =>
    replace.includes(search) && after.text.replaceAll('\r\n', '\n').includes(replace);
  return applied(
    after.text,
    good.filter((section) => !isThere(section)),
  ).sections;
}

/** Which sections apply one after the other, and the text after them. */
function applied(before: string, all: readonly SearchReplace[]): { text: string; sections: SearchReplace[] } {
  let text = before;
  const sections = all.filter((section) => {
    const outcome = applySection(text, section);
    if ('text' in outcome) text = outcome.text;
    return 'text' in outcome;
  });
  return { text, sections };
}

/** The files that a repair needs to see: the refused ones, and where one does not exist, those of the same name. */
export function filesToRepair(
  refusals: readonly Refusal[],
  files: ReadonlyMap<string, string>,
): { path: string; content: string }[] {
  const paths = new Set(refusals.flatMap(({ path }) => (files.has(path) ? [path] : namesakes(path, files.keys()))));
  return [...files].filter(([path]) => paths.has(path)).map(([path, content]) => ({ path, content }));
}

/** Counts as the run timeline shows them: "2 applied, 1 example". */
export function renderCounts({ applied, refused, waiting, examples }: BlockCounts): string {
  const parts = [
    applied > 0 ? `${applied} applied` : null,
    refused > 0 ? `${refused} refused` : null,
    waiting > 0 ? `${waiting} waiting` : null,
    examples > 0 ? `${examples} ${examples === 1 ? 'example' : 'examples'}` : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}
