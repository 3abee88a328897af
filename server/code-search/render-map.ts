import 'server-only';

export interface RepoMapInput {
  /** Path to text. */
  files: ReadonlyMap<string, string>;
  /** Files that the task names: relevance flows from them. */
  focus: readonly string[];
  /** Words of the task; declarations that it names count more. */
  mentioned?: readonly string[];
  /** Upper bound of the answer, in tokens of about four characters. */
  budgetTokens: number;
}

export interface Declaration {
  name: string;
  signature: string;
  depth: number;
  /** Other files can name it: exported where the language exports, top level elsewhere. */
  visible: boolean;
}

const CHARACTERS_PER_TOKEN = 4;
const MAX_SIGNATURES_PER_FILE = 24;

/** A map of paths alone: the focus first. */
export function pathMap({ files, focus, budgetTokens }: RepoMapInput): string {
  const first = focus.filter((path) => files.has(path));
  const paths = new Set([...first, ...[...files.keys()].sort()]);
  return renderMap(
    [...paths].map((path) => ({ path, declarations: [] })),
    budgetTokens,
  );
}

/** Whole lines only. Signatures are left out before paths are: a path costs little and says that the file is there. */
export function renderMap(
  outlines: readonly { path: string; declarations: readonly Declaration[] }[],
  budgetTokens: number,
): string {
  const characters = budgetTokens * CHARACTERS_PER_TOKEN;
  const note = (left: number) => `(${left} more files)`;
  const reserve = note(outlines.length).length + 1;
  const lines: string[] = [];
  let used = 0;
  const push = (line: string): boolean => {
    if (used + line.length + 1 > characters - reserve) return false;
    lines.push(line);
    used += line.length + 1;
    return true;
  };
  // Half of the budget is for signatures at most where the paths alone would fill the rest.
  const pathCost = outlines.reduce((sum, { path }) => sum + path.length + 1, 0);
  let forSignatures = Math.max(characters / 2, characters - reserve - pathCost);
  for (const [index, { path, declarations }] of outlines.entries()) {
    if (!push(path)) {
      if (note(outlines.length - index).length + used <= characters) lines.push(note(outlines.length - index));
      break;
    }
    for (const { signature, depth } of declarations.slice(0, MAX_SIGNATURES_PER_FILE)) {
      const line = `${'  '.repeat(depth + 1)}${signature}`;
      if (line.length + 1 > forSignatures || !push(line)) break;
      forSignatures -= line.length + 1;
    }
  }
  return lines.join('\n');
}
