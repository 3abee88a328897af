import { describe, expect, it } from 'vitest';
import { fileReport } from './file-problem';
import { maskDurations } from './mask-durations';
import { checkParse } from './parse-check';
import { showInvisible } from './visible-text';

const CONFLICT = '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n';
const problemOf = async (path: string, text: string) => (await fileReport(path, text)).problem;

describe('conflict markers', () => {
  it.each(['a.ts', 'a.css', 'a.go', 'a.yml', 'a.md', 'a.txt', 'a.toml', 'Makefile', 'a.html', 'a.json'])(
    'are refused in %s',
    async (path) => {
      for (const text of [CONFLICT, CONFLICT.replaceAll('\n', '\r\n')])
        expect(await problemOf(path, `\n${text}`)).toMatchObject({
          line: 2,
          message: expect.stringContaining('conflict'),
        });
    },
  );

  it.each([
    ['heading.md', 'Title\n=======\ntext\n'],
    ['fenced.md', `\`\`\`\n${CONFLICT}\`\`\`\n`],
    ['quote.txt', '>>>>>>> an old mail\n'],
    ['indented.go', '  <<<<<<< HEAD\n'],
    ['shift.c', 'a <<<<<<< b\n'],
  ])('are not seen in %s', async (path, text) => {
    expect(await problemOf(path, text)).toBeNull();
  });
});

describe('invisible characters', () => {
  it('stand as marks in what the check prints', async () => {
    const { output } = await checkParse(new Map([['a.json', '{\u202e']]), ['a.json']);
    expect(output).not.toMatch(/[\u202a-\u202e]/);
  });

  it('are shown as marks, runs as one', () => {
    expect(showInvisible('a\u202eb\u200bc\ufeff\0\0\0\u{e0041}\r\n\tx\ry\u001b[31mz')).toBe(
      'a⟨U+202E⟩b⟨U+200B⟩c⟨U+FEFF⟩⟨U+0000 ×3⟩⟨U+E0041⟩\n\tx⟨U+000D⟩y⟨ESC[31m⟩z',
    );
    for (const character of '\u00ad\u034f\u061c\u115f\u180b\u180e\u2029\u2065\u206a\u2800\u3164\ufe00\ufff0\ufffb\u{1bca0}\u{1d173}\u{e0080}\u{e01f0}')
      expect(showInvisible(`a${character}b`)).toBe(
        `a⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩b`,
      );
    // One variation selector after a sign is the sign's own; data may be hidden in more, or after a letter.
    expect(showInvisible('✔️ 1️⃣ a\ufe0f ✔\ufe0f\ufe0e')).toBe('✔️ 1️⃣ a⟨U+FE0F⟩ ✔️⟨U+FE0E⟩');
    expect(showInvisible('\u06dd١')).toBe('\u06dd١');
    expect(showInvisible('plain é 日本 ✓ 😀\n')).toBe('plain é 日本 ✓ 😀\n');
  });

  it('cannot make an output long: what their marks make too long loses its middle', () => {
    for (const part of ['\u202e\u202d', '\u{e0001}\u{e0002}', 'a\0', '😀\0', '\u001b[1']) {
      const shown = showInvisible(`first\n${part.repeat(65_536 / part.length)}\nlast`);
      expect(shown.length).toBeLessThan(96 * 1024 + 80);
      expect(shown).toMatch(/^first\n.*\n\[output cut: \d+ characters left out\]\n.*\nlast$/s);
      expect(shown.isWellFormed()).toBe(true);
    }
    expect(showInvisible('x'.repeat(66_000))).toBe('x'.repeat(66_000));
  });

  it('that reorder text are refused in code and noted in prose', async () => {
    for (const path of ['a.ts', 'a.py', 'a.css', 'a.sh', 'Makefile'])
      expect(await problemOf(path, 'a \u2066b')).toMatchObject({
        message: expect.stringContaining('write it as an escape'),
      });
    for (const path of ['a.md', 'a.txt', 'a.html', 'a.yaml', 'a.svg'])
      expect(await fileReport(path, 'a \u2066b\n')).toMatchObject({ problem: null, notice: { line: 1 } });
    expect(await problemOf('a.go', 'x\n// \u202e\n')).toMatchObject({
      line: 2,
      message: expect.stringContaining('U+202E'),
    });
    const prose = await checkParse(new Map([['ar.json', '{"a":"\u2067x\u2069"}']]), ['ar.json']);
    expect(prose).toMatchObject({
      status: 'passed',
      output: expect.stringContaining('ar.json:1: note: the line holds U+2067'),
    });
  });
});

describe('durations in what a reviewer reads', () => {
  it.each([
    ['# duration_ms 12.345', '# duration_ms 7.1'],
    ['✔ adds (1.234ms)', '✔ adds (12.3ms)'],
    ['  ✓ src/a.test.ts (3 tests) 12ms', '  ✓ src/a.test.ts (3 tests) 120ms'],
    ['   Duration  1.23s (transform 30ms, setup 0ms)', '   Duration  900ms (transform 3ms, setup 10ms)'],
    ['   Start at  10:20:30', '   Start at  09:01:02'],
    ['Time:        1.234 s, estimated 2 s', 'Time:        11.2 s, estimated 13 s'],
    ['PASS src/a.test.js (5.1 s)', 'PASS src/a.test.js (6 s)'],
    ['===== 3 passed in 0.12s =====', '===== 3 passed in 1.5s ====='],
    ['Ran 3 tests in 0.001s', 'Ran 3 tests in 0.200s'],
    ['  12 passing (15ms)', '  12 passing (1s)'],
    ['✓ built in 1.23s', '✓ built in 350ms'],
    ['Check time:  0.12s', 'Check time:  1.50s'],
    ['ok  \tpkg\t0.005s', 'ok  \tpkg\t1.205s'],
    ['--- PASS: TestX (0.00s)', '--- PASS: TestX (0.02s)'],
    ['added 57 packages in 2s', 'added 57 packages in 1m'],
    ['0.12s call     a.py::t', '3.40s call     a.py::t'],
    ['real\t0m1.234s', 'real\t1m2.5s'],
  ])('do not tell %j from %j', (one, other) => {
    expect(maskDurations(one)).toContain('<time>');
    expect(maskDurations(one)).toBe(maskDurations(other));
  });

  it('are masked in a time that grows with the output, whatever stands in it', () => {
    const cost = (line: string) => {
      const text = `${line.slice(0, 500)}\n`.repeat(130);
      const times = Array.from({ length: 5 }, () => {
        const started = performance.now();
        maskDurations(text);
        return performance.now() - started;
      });
      return Math.min(...times);
    };
    const usual = cost('  ✓ src/a.test.ts > adds two numbers (3 tests) 12ms '.repeat(10));
    const blank = ' '.repeat(495);
    for (const line of [`${blank}1s x`, `in 1s${blank}`, `in 1s${' '.repeat(480)}x`])
      expect(cost(line) / usual, line.trim()).toBeLessThan(50);
  });

  it.each(['expected 5s to equal 10s', 'Error: timeout of 2000ms exceeded', '  Received: 200 ms', 'line 12: 3 errors'])(
    'leaves %j as evidence',
    (line) => {
      expect(maskDurations(line)).toBe(line);
    },
  );
});
