import 'server-only';
import type { Node } from 'web-tree-sitter';

/** A mistake at a line of a file whose path the caller knows. */
export interface LineProblem {
  /** 1-based. */
  line: number;
  message: string;
}

export const lineOf = (node: Node): number => node.startPosition.row + 1;

export const namedChildren = (node: Node): Node[] => node.namedChildren.filter((child) => child !== null);

export const descendants = (node: Node, types: string[]): Node[] =>
  node.descendantsOfType(types).filter((child) => child !== null);
