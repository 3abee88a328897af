import 'server-only';

const NUMBER = String.raw`(?<![\w.])\d+(?:[.,]\d+)?`;
const UNIT = String.raw`(?:ns|[µμu]s|ms|m?secs?|s|seconds?|m|mins?|minutes?|h|hours?)(?![\w/])`;
/** `12.3ms`, `1 s`, `1m 30.5s`, `0m1.234s`. */
const DURATION = String.raw`${NUMBER} ?(?:${UNIT}|m(?=\d))(?: ?\d+(?:[.,]\d+)? ?${UNIT}){0,3}`;
const CLOCK = String.raw`(?<![\w.:])\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?: ?[AP]M)?(?![\w:])`;
const ISO = String.raw`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?`;
/** What a terminal's colours become in the output (see `showInvisible`), and ornaments at the end of a line. */
const TAIL = '(?=[ =.,;!]*(?:⟨[^⟩]{0,40}⟩[ =.,;!]*)*$)';
const MARK = '<time>';

const TIME_WORDS = String.raw`(?:Duration|Time|Elapsed|Elapsed time|Time elapsed|(?:[\w/]+ ){0,3}time(?: \(real\))?|Start at|Started at|Finished at|Completed at|real|user|sys)`;
/** A line that a test runner prints about one file, suite or case. */
const RESULT = String.raw`^[ \t]*(?:⟨[^⟩]{0,40}⟩[ \t]*)*(?:[✓✔√✗✘×✖⚠↓❯›▶]|ok\b|not ok\b|PASS\b|FAIL\b|\d+\/\d+ Test\b)`;

type Rule = [line: RegExp | null, part: RegExp, replacement: string];

/** Test runners and build tools by the shape of what they print; where the shape is not theirs a number stays, as evidence. */
const RULES: Rule[] = [
  // node:test, in every reporter.
  [null, /(duration_ms"?[:= ]? ?)\d+(?:\.\d+)?/g, `$1${MARK}`],
  // node:test, mocha, jest, deno, go, bun: a duration alone in brackets.
  [null, new RegExp(String.raw`([([](?:took |in )?)${DURATION}(?=[)\]])`, 'g'), `$1${MARK}`],
  // pytest, unittest, npm, vite, next, webpack, cargo, gradle: "... in 1.2s" ends the line or stands before a bracket.
  [null, new RegExp(String.raw`(\bin )${DURATION}(?: \(\d+:\d{2}:\d{2}\))?(?=(?: \()|${TAIL})`, 'g'), `$1${MARK}`],
  [null, new RegExp(String.raw`(\btook )${DURATION}`, 'g'), `$1${MARK}`],
  // vitest, jest, phpunit, maven, tsc, ctest, time(1): a line or a part that a word of time opens.
  [
    new RegExp(
      String.raw`^[ \t#ℹ]*(?:⟨[^⟩]{0,40}⟩[ \t]*)*(?:\[INFO\] )?${TIME_WORDS}(?:⟨[^⟩]{0,40}⟩)*(?:[:=]|[ \t]+(?=[\d⟨]))`,
    ),
    new RegExp(`${ISO}|${CLOCK}|${DURATION}`, 'g'),
    MARK,
  ],
  [null, new RegExp(String.raw`(\bTime elapsed: )${DURATION}`, 'g'), `$1${MARK}`],
  // vitest, go, ctest: the duration ends the line of a result.
  [new RegExp(RESULT), new RegExp(`${DURATION}${TAIL}`), MARK],
  // pytest --durations.
  [null, /^[ \t]*\d+\.\d+s (?=(?:call|setup|teardown)\b)/, `${MARK} `],
  // Lines of a log begin with the time of day.
  [null, new RegExp(String.raw`^(\[?)(?:${ISO}|${CLOCK})(?=\]| )`), `$1${MARK}`],
  [null, /(?<=_logs\/)\S+(?=-debug-\d+\.log)/g, MARK],
  [null, /(?<=\[output cut: )\d+(?= )/g, MARK],
];

/** No tool writes a longer line with a duration in it; so the time of this is proportional to the text. */
const MAX_LINE = 500;

/**
 * Writes `<time>` for each duration and time of day that a tool prints beside its results, so that two runs with the same
 * results read alike and cost alike. What a test itself says about time, such as "expected 5 s", stays.
 */
export function maskDurations(output: string): string {
  return output
    .split('\n')
    .map((line) => (line.length > MAX_LINE || !/\d/.test(line) ? line : maskLine(line)))
    .join('\n');
}

function maskLine(line: string): string {
  let masked = line;
  for (const [applies, part, replacement] of RULES)
    if (applies === null || applies.test(masked)) masked = masked.replace(part, replacement);
  // What runners align to the right moves with the width of the number.
  return masked.replaceAll(/(?<![ \t])[ \t]+<time>/g, ' <time>');
}
