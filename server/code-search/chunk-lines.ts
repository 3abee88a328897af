import 'server-only';

/** A range of lines, 1-based and inclusive, before it becomes a chunk. */
export interface Span {
  startLine: number;
  endLine: number;
  symbol: string | null;
  kind: string;
}

const LINES = 50;
/** Lines that two neighbours share, so that a passage on the border is whole in one of them. */
const OVERLAP = 5;

/** Windows of lines with overlap over `first` to `last`, 1-based and inclusive. */
export function chunkLines(first: number, last: number): Span[] {
  const spans: Span[] = [];
  for (let startLine = first; ; startLine += LINES - OVERLAP) {
    const endLine = Math.min(startLine + LINES - 1, last);
    spans.push({ startLine, endLine, symbol: null, kind: 'text' });
    if (endLine >= last) return spans;
  }
}

/** One span a section; the symbol is the path of headings. Headings inside fences are not headings. */
export function chunkMarkdown(lines: readonly string[]): Span[] {
  const spans: Span[] = [];
  const trail: { level: number; title: string }[] = [];
  let startLine = 1;
  let symbol: string | null = null;
  let fence: string | null = null;
  const close = (endLine: number) => {
    if (endLine < startLine) return;
    spans.push(
      ...chunkLines(startLine, endLine).map((span) => ({
        ...span,
        symbol,
        kind: 'section',
      })),
    );
  };
  for (const [index, line] of lines.entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined) {
      if (fence === null) fence = mark;
      else if (mark.startsWith(fence)) fence = null;
    }
    const heading = fence === null ? /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line) : null;
    if (heading === null) continue;
    close(index);
    startLine = index + 1;
    const level = heading[1]?.length ?? 1;
    while ((trail.at(-1)?.level ?? 0) >= level) trail.pop();
    trail.push({ level, title: heading[2]?.slice(0, 80) ?? '' });
    symbol = trail.map(({ title }) => title).join(' > ');
  }
  close(lines.length);
  return spans;
}
