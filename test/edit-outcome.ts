import { applyEdits } from '@/server/workspace/edits/apply-edits';
import { parseReply } from '@/server/workspace/edits/parse-reply';

export type EditOutcome =
  | { changes: Record<string, string | null>; examples: number }
  | { refused: string; examples: number };

/** What an answer does to a tree of files, or why nothing of it is applied. */
export function outcomeOf(reply: string, tree: Record<string, string>): EditOutcome {
  const { blocks, malformed, unfinished, examples } = parseReply(reply);
  const cut = unfinished === null ? [] : [`cut off inside ${unfinished}`];
  const unread = [...cut, ...malformed.map(({ path, message }) => `${path}: ${message}`)];
  if (unread.length > 0) return { refused: unread.join('\n'), examples };
  const result = applyEdits(new Map(Object.entries(tree)), blocks);
  if (!result.ok) return { refused: result.refusals.map(({ message }) => message).join('\n'), examples };
  return { changes: Object.fromEntries(result.changes), examples };
}
