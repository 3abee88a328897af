import fc from 'fast-check';
import { expect, it } from 'vitest';
import { suiteSize } from '@/test/suite-size';
import { applySection } from './apply-section';
import { leading } from './indentation';
import { untypographic } from './line-likeness';

/**
 * A random file, a random true edit of a few of its lines, and a SEARCH/REPLACE section that quotes the lines as models do:
 * with other white space, quotes, a wrong word, another indentation. The result is the true edit or a refusal.
 */

const WORDS = ['total', 'items', 'price', 'user', 'count', 'result', 'index', 'path', 'value', 'size', 'name', 'list'];
const word = fc.constantFrom(...WORDS);
const number = fc.nat(99).map(String);
const statement = fc.oneof(
  fc.tuple(word, word, number).map(([a, b, n]) => `const ${a}${n} = ${b}.get(${n});`),
  fc.tuple(word, word).map(([a, b]) => `${a}.push(${b});`),
  fc.tuple(word, number).map(([a, n]) => `return ${a} + ${n};`),
  fc.tuple(word, word).map(([a, b]) => `say("${a}", 'the ${b}');`),
  fc.tuple(word, word).map(([a, b]) => `say(“${a}”, ‘${b}’); // don’t`),
  fc.tuple(word, number).map(([a, n]) => `${a}(${n}); // keep ${n}  `),
);

type Node = { text: string; inner: Node[] };
const { tree } = fc.letrec<{ tree: Node[]; node: Node }>((tie) => ({
  tree: fc.array(tie('node'), { minLength: 1, maxLength: 5 }),
  node: fc.oneof(
    { maxDepth: 3 },
    statement.map((text) => ({ text, inner: [] })),
    fc.tuple(word, tie('tree')).map(([a, inner]) => ({ text: `if (${a}) {`, inner })),
  ),
}));

function render(nodes: readonly Node[], unit: string, depth = 0): string[] {
  return nodes.flatMap(({ text, inner }) =>
    inner.length === 0
      ? [unit.repeat(depth) + text]
      : [unit.repeat(depth) + text, ...render(inner, unit, depth + 1), `${unit.repeat(depth)}}`],
  );
}

/** One line of the quoted ones: what the file has, and what it becomes; null for a line that comes or goes. */
interface Row {
  before: string | null;
  after: string | null;
}

/** What a change of a line adds to. */
const CHANGED = /\d+|\b[a-z]{4,}\b/;

type Deed = 'keep' | 'change' | 'remove' | 'insert' | 'insert deeper' | 'wrap';
const deed = fc.constantFrom<Deed>('keep', 'keep', 'keep', 'change', 'remove', 'insert', 'insert deeper', 'wrap');

function edit(lines: readonly string[], deeds: readonly Deed[], unit: string): Row[] {
  return lines.flatMap((line, i): Row[] => {
    // What comes after a line that opens a block stands inside of it.
    const indent = leading(line) + (line.endsWith('{') ? unit : '');
    const row = { before: line, after: line };
    switch (deeds[i]) {
      case 'change':
        return [{ before: line, after: line.replace(CHANGED, (old) => `${old}New${i}`) }];
      case 'remove':
        return [{ before: line, after: null }];
      case 'insert':
        return [row, { before: null, after: `${indent}added${i}();` }];
      case 'insert deeper':
        return [
          row,
          { before: null, after: `${indent}if (added${i}) {` },
          { before: null, after: `${indent}${unit}deep${i}();` },
          { before: null, after: `${indent}}` },
        ];
      case 'wrap':
        if (/[{}]\s*$/.test(line)) return [row];
        return [
          { before: null, after: `${indent}if (wrap${i}) {` },
          { before: line, after: unit + line },
          { before: null, after: `${indent}}` },
        ];
      default:
        return [row];
    }
  });
}

const DISTORTIONS = [
  'none',
  'trailing',
  'inner space',
  'quotes',
  'word',
  'dedent',
  'shift',
  'scale',
  'tabs',
  'first line',
  'flat',
  'search only',
] as const;
type Distortion = (typeof DISTORTIONS)[number];

/** How the model sees a line of the file. New lines it writes in the same style, without the faults of quoting. */
function distort(
  rows: readonly Row[],
  kind: Distortion,
  unit: string,
  pick: number,
): { search: string[]; replace: string[] } {
  const quoted = rows.flatMap(({ before }) => (before === null ? [] : [before]));
  const least = Math.min(...quoted.map((line) => leading(line).length));
  const restyle = (line: string, to: (levels: number, indent: string) => string) => {
    const indent = leading(line);
    return to(Math.round(indent.length / unit.length), indent) + line.slice(indent.length);
  };
  const style: Partial<Record<Distortion, (line: string) => string>> = {
    dedent: (line) => line.slice(Math.min(least, leading(line).length)),
    shift: (line) => restyle(line, (_, indent) => (unit === '\t' ? '\t' : '  ') + indent),
    scale: (line) =>
      restyle(line, (levels, indent) => (unit === '\t' ? indent : ' '.repeat(levels * (unit.length === 2 ? 4 : 2)))),
    tabs: (line) => restyle(line, (levels) => (unit === '\t' ? '    ' : '\t').repeat(levels)),
    flat: (line) => line.trimStart(),
  };
  const fault = (line: string, i: number): string => {
    const isPicked = i === pick % quoted.length;
    if (kind === 'trailing') return i % 2 === 0 ? line.trimEnd() : `${line}  `;
    if (kind === 'inner space') return leading(line) + line.slice(leading(line).length).replaceAll(' ', '  ');
    if (kind === 'quotes') return line.replaceAll(/[‘’]/g, "'").replaceAll(/[“”]/g, '"');
    if (kind === 'word' && isPicked) return line.replace(/\b[a-z]{4,}\b/, 'zebra');
    if (kind === 'first line' && i === 0) return line.trimStart();
    return (kind === 'search only' ? style.dedent : style[kind])?.(line) ?? line;
  };
  const written = kind === 'search only' ? (line: string) => line : (style[kind] ?? ((line: string) => line));
  const search: string[] = [];
  const replace: string[] = [];
  for (const { before, after } of rows) {
    const seen = before === null ? null : fault(before, search.length);
    if (seen !== null) search.push(seen);
    if (after === null) continue;
    if (before === null || seen === null) replace.push(written(after));
    else {
      const isMoved = kind === 'search only' || leading(before) !== leading(after);
      const [, added = ''] = /(New\d+)/.exec(after) ?? [];
      const text = seen.slice(leading(seen).length).replace(CHANGED, (old) => old + added);
      replace.push((isMoved ? leading(written(after)) : leading(seen)) + text);
    }
  }
  // Quotes that are right to the letter leave nothing to carry over: then the new lines are what they are.
  const isTrue = search.every((line, i) => line === quoted[i]);
  return { search, replace: isTrue ? rows.flatMap(({ after }) => (after === null ? [] : [after])) : replace };
}

const caseOf = fc.record({
  tree,
  unit: fc.constantFrom('  ', '    ', '\t'),
  end: fc.constantFrom('\n', '\r\n'),
  from: fc.nat(40),
  count: fc.integer({ min: 1, max: 8 }),
  deeds: fc.array(deed, { minLength: 8, maxLength: 8 }),
  kind: fc.constantFrom(...DISTORTIONS),
  pick: fc.nat(8),
});

/** Places where the quoted lines stand although they were distorted: nobody could tell which was meant. */
function stands(file: readonly string[], search: readonly string[], key: (line: string) => string): number[] {
  return file.flatMap((_, at) =>
    at + search.length <= file.length && search.every((line, i) => key(line) === key(file[at + i] ?? '')) ? [at] : [],
  );
}

it(
  'the true edit or a refusal, whatever is quoted wrong',
  () => {
    const outcomes = new Map<string, { applied: number; refused: number; untold: number }>();
    fc.assert(
      fc.property(caseOf, ({ tree: nodes, unit, end, from, count, deeds, kind, pick }) => {
        const file = render(nodes, unit);
        const start = from % file.length;
        const lines = file.slice(start, start + count);
        const rows = edit(lines, deeds, unit);
        const becomes = rows.flatMap(({ after }) => (after === null ? [] : [after]));
        fc.pre(becomes.join('\n') !== lines.join('\n'));
        const { search, replace } = distort(rows, kind, unit, pick);
        const entry = outcomes.get(kind) ?? { applied: 0, refused: 0, untold: 0 };
        outcomes.set(kind, entry);
        const elsewhere = [(line: string) => line.trimEnd(), untypographic].map((key) => stands(file, search, key));
        if (elsewhere.some((places) => places.length === 1 && places[0] !== start)) {
          entry.untold++;
          return;
        }
        const text = (all: readonly string[]) => all.map((line) => line + end).join('');
        const outcome = applySection(text(file), {
          search: `${search.join('\n')}\n`,
          replace: replace.map((line) => `${line}\n`).join(''),
        });
        if ('refusal' in outcome) entry.refused++;
        else {
          const expected = text([...file.slice(0, start), ...becomes, ...file.slice(start + lines.length)]);
          expect({ kind, search, replace, text: outcome.text }).toEqual({ kind, search, replace, text: expected });
          entry.applied++;
        }
      }),
      { numRuns: suiteSize(1500, 20_000), seed: 8 },
    );
    console.info(
      [...outcomes]
        .map(
          ([kind, { applied, refused, untold }]) => `${kind}: ${applied} applied, ${refused} refused, ${untold} untold`,
        )
        .join('\n'),
    );
    const sum = (part: 'applied' | 'refused') =>
      [...outcomes.values()].reduce((total, entry) => total + entry[part], 0);
    // Refusing everything would pass too: most edits must be applied.
    expect(sum('applied')).toBeGreaterThan(sum('refused') * 1.5);
  },
  suiteSize(60_000, 600_000),
);
