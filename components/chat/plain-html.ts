/** What is read and changed of a node of a document tree: of Markdown (mdast) or of what it becomes (hast). */
interface Node {
  type: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

/**
 * A plugin of remark: `<br>` breaks a line, for which tables have no other sign. All other HTML of a message stays text, since a
 * model could draw a false part of the page with it.
 */
export function lineBreaks(): (tree: Node) => void {
  return forEach((node) => {
    if (node.type === 'html' && /^<br\s*\/?>$/i.test(node.value ?? '')) node.type = 'break';
  });
}

/** A plugin of rehype: no element has an `id` or a `name`, by which scripts of the page find their own. */
export function withoutNames(): (tree: Node) => void {
  return forEach(({ properties }) => {
    delete properties?.id;
    delete properties?.name;
  });
}

function forEach(change: (node: Node) => void): (tree: Node) => void {
  return function visit(node) {
    change(node);
    node.children?.forEach(visit);
  };
}
