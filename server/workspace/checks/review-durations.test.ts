import { expect, it } from 'vitest';
import { reviewPrompt } from '@/server/agents/prompts/review';
import { maskDurations } from './mask-durations';

/** What tools print about one result in two runs: `~` stands where they print durations. */
const OUTPUTS: Record<string, [text: string, first: string[], second: string[]]> = {
  'node --test': [
    '✔ adds (~)\n✖ divides (~)\n  expected 5 s, got 6 s\nℹ tests 2\nℹ duration_ms ~\n',
    ['1.2345ms', '0.5ms', '43.1'],
    ['12.1ms', '101.25ms', '1043.123456'],
  ],
  'node --test --test-reporter=tap': [
    'TAP version 13\nok 1 - adds\n  ---\n  duration_ms: ~\n  ...\n# duration_ms ~\n',
    ['1.2', '33.4'],
    ['0.123456', '133'],
  ],
  vitest: [
    ' ✓ src/a.test.ts (3 tests) ~\n   Start at  ~\n   Duration  ~ (transform ~, setup ~)\n',
    ['9ms', '10:11:12', '1.02s', '30ms', '0ms'],
    ['120ms', '09:01:59', '980ms', '4ms', '11ms'],
  ],
  jest: [
    'PASS src/a.test.js (~)\n  ✓ adds (~)\nTests:       1 passed, 1 total\nTime:        ~, estimated ~\n',
    ['5.1 s', '3 ms', '1.2 s', '2 s'],
    ['6 s', '21 ms', '11.25 s', '13 s'],
  ],
  pytest: ['============ 2 passed, 1 skipped in ~ ============\n', ['0.12s'], ['1.50s']],
  mocha: ['  ✔ waits (~)\n\n  12 passing (~)\n', ['51ms', '15ms'], ['100ms', '1s']],
  'tsc --diagnostics': ['Files:  12\nCheck time:  ~\nTotal time:  ~\n', ['0.12s', '0.90s'], ['1.50s', '12.25s']],
  'vite build': ['dist/index.js  0.71 kB │ gzip: 0.40 kB\n✓ built in ~\n', ['1.23s'], ['350ms']],
  'go test ./...': ['--- PASS: TestX (~)\nPASS\nok  \tpkg\t~\n', ['0.00s', '0.005s'], ['0.02s', '1.205s']],
};

const printed = (text: string, times: readonly string[]): string => {
  const waiting = [...times];
  return text.replaceAll('~', () => waiting.shift() ?? '');
};

function promptOf(run: 1 | 2): string {
  const { system, prompt } = reviewPrompt({
    description: 'A calculator.',
    task: {
      id: 'T1',
      title: 'Add',
      why: '',
      files: [{ path: 'add.js', action: 'create' }],
      criteria: [{ id: 'T1.1', text: 'It adds within 5 s.' }],
      size: 'S',
      dependsOn: [],
    },
    checks: Object.entries(OUTPUTS).map(([command, output]) => ({
      command,
      status: 'failed',
      exitCode: 1,
      output: maskDurations(printed(output[0], output[run])),
    })),
    diff: 'created add.js',
    files: [{ path: 'add.js', content: 'setTimeout(add, 5000); // 5 s\n' }],
  });
  return `${system}\n${prompt}`;
}

it('two runs with the same results give the reviewer the same bytes, whatever time they took', () => {
  for (const [command, [text, first, second]] of Object.entries(OUTPUTS)) {
    const [one, other] = [first, second].map((times) => maskDurations(printed(text, times)));
    expect([command, one]).toEqual([command, other]);
    expect(one?.match(/<time>/g)).toHaveLength(first.length);
  }
  expect(promptOf(1)).toBe(promptOf(2));
});

it('what a test says about time stays for the reviewer', () => {
  expect(promptOf(1)).toContain('expected 5 s, got 6 s');
  expect(promptOf(1)).toContain('gzip: 0.40 kB');
});
