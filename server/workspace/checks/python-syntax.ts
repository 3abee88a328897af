import 'server-only';
import type { Node } from 'web-tree-sitter';
import { parseSyntax } from '../syntax';
import type { LineProblem } from './line-problem';
import { wrongIndentation } from './python-indentation';

/** Trees with more nodes are data or generated. The rules of indentation look at every statement. */
const MAX_RULE_NODES = 100_000;

/** The first mistake of a Python file by its grammar, then by the rules of indentation, which the grammar repairs silently. */
export async function pythonProblem(text: string): Promise<LineProblem | null> {
  const tree = await parseSyntax('python', text);
  try {
    const root = tree.rootNode;
    if (root.hasError) return grammarProblem(root);
    return root.descendantCount > MAX_RULE_NODES ? null : wrongIndentation(root, text);
  } finally {
    tree.delete();
  }
}

function grammarProblem(root: Node): LineProblem {
  const bad = firstError(root);
  const message = bad?.isMissing
    ? `missing ${bad.type}`
    : `unexpected ${JSON.stringify((bad?.text ?? '').split('\n')[0]?.slice(0, 60) ?? '')}`;
  return { line: (bad?.startPosition.row ?? 0) + 1, message };
}

/** The first error in the text, or a token that is missing. Not recursive: trees may be deep. */
function firstError(root: Node): Node | null {
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.isMissing || node.isError) return node;
    for (const child of node.children.toReversed()) {
      if (child !== null && (child.hasError || child.isMissing || child.isError)) waiting.push(child);
    }
  }
  return null;
}
