import 'server-only';
import type { Node } from 'web-tree-sitter';
import { descendants, type LineProblem, lineOf } from './syntax-walk';

/** The first JSX element that is closed by another name. The grammar pairs tags without comparing them. */
export function mismatchedJsx(root: Node): LineProblem | null {
  let first: LineProblem | null = null;
  for (const element of descendants(root, ['jsx_element'])) {
    const open = element.childForFieldName('open_tag');
    const close = element.childForFieldName('close_tag');
    if (open === null || close === null) continue;
    const [wanted, found] = [nameOf(open), nameOf(close)];
    if (wanted === found || (first !== null && first.line <= lineOf(close))) continue;
    first = { line: lineOf(close), message: `</${found}> closes <${wanted}> of line ${lineOf(open)}` };
  }
  return first;
}

const nameOf = (tag: Node): string => (tag.childForFieldName('name')?.text ?? '').replaceAll(/\s+/g, '');
