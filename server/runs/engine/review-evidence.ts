interface Facts {
  checks: readonly { status: string; command: string; kind?: string }[];
  /** Files of the snapshot with their number of lines. */
  files: ReadonlyMap<string, number>;
}

/** Whether a text names something real: a file of the snapshot (with a line that it has), or a check that passed. */
export function isEvidence(text: string, { checks, files }: Facts): boolean {
  if (text.trim() === '') return false;
  for (const [path, lines] of files) if (namesFile(text, path, lines)) return true;
  return checks.some((check) => check.status === 'passed' && namesCheck(text, check));
}

/** `src/a.js`, `a.js`, `src/a.js:12`, `src/a.js#L12`, `src/a.js line 12`; a line that the file does not have is no evidence. */
function namesFile(text: string, path: string, lines: number): boolean {
  const base = path.slice(path.lastIndexOf('/') + 1);
  for (const name of path === base ? [path] : [path, base]) {
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      const before = /[\w@.\-/\\]{0,200}$/.exec(text.slice(Math.max(0, at - 200), at))?.[0] ?? '';
      const after = text.slice(at + name.length, at + name.length + 40);
      if (isPath(`${before}${name}`, path) && !/^(?:[\w/\\-]|\.\w)/.test(after) && lineExists(name, after, lines))
        return true;
    }
  }
  return false;
}

/** Whether the word is the path or its end: reviewers leave folders out and write `./` or `b/` before it. */
function isPath(word: string, path: string): boolean {
  const short = word.replace(/^(?:\.?\/|[ab]\/)/, '');
  return [word, short].some((named) => named === path || path.endsWith(`/${named}`));
}

function lineExists(name: string, after: string, lines: number): boolean {
  const line = /^["'`*)]{0,3}(?::L?|#L|,?\s*\(?(?:at |on )?lines?\s+)(\d{1,9})/i.exec(after)?.[1];
  // A bare word may be no name at all: it takes a line to tell.
  if (line === undefined) return /[./]/.test(name) || name.length > 6;
  return Number(line) >= 1 && Number(line) <= lines;
}

/** Its command, or its kind: `test` by itself, words that are also verbs only where they are about a check. */
function namesCheck(text: string, { command, kind }: Facts['checks'][number]): boolean {
  if (command !== '' && text.includes(command)) return true;
  if (kind === undefined || !/^[a-z]+$/.test(kind)) return false;
  if (!new RegExp(`\\b${kind}s?\\b`, 'i').test(text)) return false;
  return kind === 'test' || /\b(?:pass|succe|check|exit|green|ok\b|ran\b)/i.test(text);
}
