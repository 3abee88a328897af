import 'server-only';
import type { LineProblem } from './line-problem';
import { codePointName } from './visible-text';

/** Text whose lines may look like anything: a lone marker there may be a heading's underline or a quoted mail. */
const PROSE = /\.(?:mdx?|markdown|txt|rst|adoc|asciidoc|tex)$/i;
/** Text without program code: right-to-left languages are written in it. */
const WRITTEN =
  /\.(?:mdx?|markdown|txt|rst|adoc|asciidoc|tex|html?|xml|xlf|xliff|svg|json[c5]?|arb|ya?ml|po|pot|properties|strings|ftl|csv|tsv|srt|vtt)$/i;

/**
 * The first merge conflict marker: a line that begins with seven `<` or `>` and a space. Prose needs the whole conflict,
 * outside of a fenced code block: documentation shows conflicts there.
 */
export function conflictMarker(path: string, text: string): LineProblem | null {
  if (!text.includes('<<<<<<<') && !text.includes('>>>>>>>')) return null;
  const prose = PROSE.test(path);
  let opened: LineProblem | null = null;
  let divided = false;
  for (const [index, line] of prose ? unfenced(text) : linesOf(text).entries()) {
    const kind = /^(?:<{7}|>{7})(?= |$)/.exec(line)?.[0][0];
    if (kind !== undefined && !prose) return markerProblem(index, line);
    if (kind === '<') [opened, divided] = [markerProblem(index, line), false];
    else if (line === '=======') divided = opened !== null;
    else if (kind === '>' && divided) return opened;
  }
  return null;
}

const linesOf = (text: string): string[] => text.split(/\r\n|\r|\n/);

/** The lines outside of Markdown's fenced code blocks (CommonMark 4.5), with their indexes. */
function* unfenced(text: string): Generator<[number, string]> {
  let fence = '';
  for (const [index, line] of linesOf(text).entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    const closes = fence !== '' && mark.startsWith(fence) && line.trim() === mark;
    if (fence === '') fence = mark;
    if (fence === '') yield [index, line];
    if (closes) fence = '';
  }
}

function markerProblem(index: number, line: string): LineProblem {
  return {
    line: index + 1,
    message: `a merge conflict marker: ${JSON.stringify(line.slice(0, 60))}; keep one side and remove the markers`,
  };
}

interface BidirectionalText extends LineProblem {
  /** Whether the file is program code, where such text is refused. */
  code: boolean;
}

/**
 * The first character that reorders how a line is shown (Trojan Source, CVE-2021-42574). In code it can make a reviewer read
 * another program than the one that runs, and an escape such as `\u202e` always serves; in prose and translations it has
 * honest uses.
 */
export function bidirectionalText(path: string, text: string): BidirectionalText | null {
  const at = text.search(/[\u202a-\u202e\u2066-\u2069]/);
  if (at < 0) return null;
  const name = codePointName(text[at] ?? '');
  const code = !WRITTEN.test(path);
  return {
    code,
    line: linesOf(text.slice(0, at)).length,
    message: code
      ? `the line holds ${name}, which shows code in another order than it runs (CVE-2021-42574); write it as an escape`
      : `the line holds ${name}, which changes the order in which text is shown`,
  };
}
