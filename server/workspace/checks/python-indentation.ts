import 'server-only';
import type { Node } from 'web-tree-sitter';
import type { LineProblem } from './line-problem';

const CLAUSES = ['elif_clause', 'else_clause', 'except_clause', 'except_group_clause', 'finally_clause'];

/**
 * The first line whose indentation Python refuses (Language Reference 2.1.8): the grammar repairs it silently, and so reads
 * another program than the one that would run.
 */
export function wrongIndentation(root: Node, text: string): LineProblem | null {
  const lines = text.split('\n');
  const problems = [
    ...[root, ...descendants(root, ['block'])].flatMap((block) => blockProblem(block, lines) ?? []),
    ...descendants(root, CLAUSES).flatMap((clause) => clauseProblem(clause, lines) ?? []),
    ...descendants(root, ['decorated_definition']).flatMap(
      (decorated) => sameIndentation(namedChildren(decorated), lines) ?? [],
    ),
  ];
  return problems.reduce<LineProblem | null>(
    (first, one) => (first !== null && first.line <= one.line ? first : one),
    null,
  );
}

function blockProblem(block: Node, lines: string[]): LineProblem | null {
  const statements = namedChildren(block).filter(({ type }) => type !== 'comment' && type !== 'line_continuation');
  const [opening] = statements;
  if (opening === undefined)
    return block.type === 'block'
      ? { line: lineOf(block.parent ?? block), message: 'expected an indented block' }
      : null;
  const own = indentationOf(opening, lines);
  if (own !== null && !deeperThanParent(block, own, lines))
    return {
      line: lineOf(opening),
      message: block.type === 'module' ? 'unexpected indent' : 'the block is not indented deeper than its opening line',
    };
  return sameIndentation(statements, lines);
}

function deeperThanParent(block: Node, own: string, lines: string[]): boolean {
  if (block.type === 'module') return own === '';
  const outer = block.parent === null ? '' : leadingSpace(lines[block.parent.startPosition.row] ?? '');
  // Python measures with a tab as 8 columns and as 1; both must agree.
  return columns(own, 8) > columns(outer, 8) && columns(own, 1) > columns(outer, 1);
}

/** Lines of one block begin alike; Python calls tabs and spaces that only look alike inconsistent. */
function sameIndentation(statements: readonly Node[], lines: string[]): LineProblem | null {
  let wanted: string | null = null;
  for (const statement of statements) {
    const found = indentationOf(statement, lines);
    if (found === null) continue;
    wanted ??= found;
    if (found === wanted) continue;
    const message =
      columns(found, 8) === columns(wanted, 8)
        ? 'inconsistent use of tabs and spaces in indentation'
        : columns(found, 8) > columns(lineBefore(statement, lines), 8)
          ? 'unexpected indent'
          : 'unindent does not match any outer indentation level';
    return { line: lineOf(statement), message };
  }
  return null;
}

function clauseProblem(clause: Node, lines: string[]): LineProblem | null {
  const found = indentationOf(clause, lines);
  if (found === null || clause.parent === null) return null;
  const wanted = leadingSpace(lines[clause.parent.startPosition.row] ?? '');
  return found === wanted
    ? null
    : { line: lineOf(clause), message: 'unindent does not match any outer indentation level' };
}

/** White space before the last line above a node that is not blank. */
function lineBefore(node: Node, lines: string[]): string {
  let row = node.startPosition.row - 1;
  while (row > 0 && (lines[row] ?? '').trim() === '') row--;
  return leadingSpace(lines[row] ?? '');
}

/** White space before a node that begins a logical line, else null. */
function indentationOf(node: Node, lines: string[]): string | null {
  const { row, column } = node.startPosition;
  const line = lines[row] ?? '';
  if (line.slice(0, column).trim() !== '' || /\\\r?$/.test(lines[row - 1] ?? '')) return null;
  return leadingSpace(line);
}

/** A form feed starts the count again. */
const leadingSpace = (line: string): string => /^(?:[ \t]*\f)*([ \t]*)/.exec(line.replace(/^\ufeff/, ''))?.[1] ?? '';

function columns(space: string, tab: number): number {
  let width = 0;
  for (const char of space) width = char === '\t' ? (Math.floor(width / tab) + 1) * tab : width + 1;
  return width;
}

const lineOf = (node: Node): number => node.startPosition.row + 1;

const namedChildren = (node: Node): Node[] => node.namedChildren.filter((child) => child !== null);

const descendants = (node: Node, types: string[]): Node[] =>
  node.descendantsOfType(types).filter((child) => child !== null);
