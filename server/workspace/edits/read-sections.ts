export interface SearchReplace {
  search: string;
  replace: string;
}

export const SEARCH = /^<{5,9} SEARCH\s*$/;
const DIVIDER = /^={5,9}\s*$/;
const REPLACE = /^>{5,9} REPLACE\s*$/;

/**
 * Sections of a patch. Marks of one section have one length, so a file that itself holds `=======` is edited with longer
 * ones; other lengths are accepted as a divider only where the right one is missing.
 */
export function readSections(body: string[]): SearchReplace[] | string {
  const sections: SearchReplace[] = [];
  let inside: string[] | null = null;
  let width = 0;
  for (const line of body) {
    if (inside === null) {
      if (SEARCH.test(line)) {
        inside = [];
        width = line.indexOf(' ');
      } else if (line.trim() !== '') return `text outside of a SEARCH section: ${JSON.stringify(line.slice(0, 80))}`;
    } else if (SEARCH.test(line) && line.indexOf(' ') === width) return 'a SEARCH section has no REPLACE end';
    else if (REPLACE.test(line)) {
      const section = splitSection(inside, width);
      if (typeof section === 'string') return section;
      sections.push(section);
      inside = null;
    } else inside.push(line);
  }
  return inside === null ? sections : 'a SEARCH section has no REPLACE end';
}

function splitSection(lines: string[], width: number): SearchReplace | string {
  const exact: number[] = [];
  const loose: number[] = [];
  for (const [i, line] of lines.entries()) {
    if (!DIVIDER.test(line)) continue;
    loose.push(i);
    if (line.trimEnd().length === width) exact.push(i);
  }
  const dividers = exact.length > 0 ? exact : loose;
  const [at] = dividers;
  if (at === undefined) return 'a SEARCH section has no ======= divider';
  if (dividers.length > 1) return 'a SEARCH section has two dividers; use marks of another length (8 characters)';
  return { search: join(lines.slice(0, at)), replace: join(lines.slice(at + 1)) };
}

function join(lines: string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
