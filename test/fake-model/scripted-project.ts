/** Answers of a fake model for a tiny project of three tasks, each of which a test can replace. */
import type { FakeAnswer, FakeRequest, Respond } from './server';

export interface Asked {
  request: FakeRequest;
  /** `clarify`, `spec`, `plan`, `implement`, `review`, `document`. */
  role: string;
  /** Stable key of the task (`T1`), empty for the other roles. */
  task: string;
  /** How often this role was asked about this task before. */
  before: number;
}

/** Answers of one role; undefined: the answer of the script. */
export type Override = (asked: Asked) => FakeAnswer | string | undefined;

const NAMES = { T1: 'add', T2: 'subtract', T3: 'multiply' } as const;
const SIGNS = { T1: '+', T2: '-', T3: '*' } as const;
const KEYS = ['T1', 'T2', 'T3'] as const;
type Key = (typeof KEYS)[number];

/** A block of the edit format that writes a whole file. */
export function wholeFile(path: string, content: string): string {
  return `${path}\n\`\`\`\n${content}\n\`\`\`\n`;
}

/** A block of the edit format that replaces a part of a file. */
export function replacement(path: string, search: string, replace: string): string {
  return `${path}\n\`\`\`\n<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE\n\`\`\`\n`;
}

/** The right answer for a task: a module and its test. */
export function goodReply(key: string): string {
  const task = asKey(key);
  const name = NAMES[task];
  return [
    `I write ${name} and its test.\n`,
    wholeFile(`src/${name}.js`, `export function ${name}(a, b) {\n  return a ${SIGNS[task]} b;\n}`),
    wholeFile(
      `test/${name}.test.js`,
      [
        "import assert from 'node:assert/strict';",
        "import { test } from 'node:test';",
        `import { ${name} } from '../src/${name}.js';`,
        `test('${name}', () => assert.equal(${name}(2, 2), ${task === 'T2' ? 0 : 4}));`,
      ].join('\n'),
    ),
    ...(task === 'T1' ? [wholeFile('package.json', '{ "name": "sums", "type": "module" }')] : []),
  ].join('\n');
}

/** The reviewer's verdict on a task, in JSON. */
export function verdict(key: string, more: object = {}): string {
  const task = asKey(key);
  return JSON.stringify({
    status: 'APPROVED',
    criteria: [{ id: `${task}.1`, met: true, evidence: `src/${NAMES[task]}.js:2 and the passing test` }],
    findings: [],
    ...more,
  });
}

export function plan() {
  return {
    summary: 'Three functions with tests.',
    stack: 'JavaScript, node --test',
    checks: { test: 'node --test' },
    tasks: KEYS.map((id) => ({
      id,
      title: `Write ${NAMES[id]}`,
      why: 'The calculator needs it.',
      size: 'S',
      dependsOn: [],
      files: [
        { path: `src/${NAMES[id]}.js`, action: 'create' },
        { path: `test/${NAMES[id]}.test.js`, action: 'create' },
      ],
      criteria: [{ id: `${id}.1`, text: `${NAMES[id]}(2, 2) gives the right number.` }],
    })),
    questions: [],
  };
}

const SCRIPT: Record<string, (asked: Asked) => string> = {
  clarify: () => JSON.stringify({ title: 'Sums', questions: [] }),
  spec: () => '# Sums\n\nThree functions over two numbers, each with a test.',
  plan: () => JSON.stringify(plan()),
  implement: ({ task }) => goodReply(task),
  review: ({ task }) => verdict(task),
  document: () => '# Sums\n\nRun the tests with `node --test`.',
};

export interface ScriptedProject {
  respond: Respond;
  /** Replaced answers by role. */
  overrides: Partial<Record<string, Override>>;
  asked: Asked[];
  reset(): void;
}

/** A script for `startFakeModel`, with answers a test can replace role by role. */
export function scriptedProject(): ScriptedProject {
  const project: ScriptedProject = {
    overrides: {},
    asked: [],
    reset() {
      project.overrides = {};
      project.asked = [];
    },
    respond(request) {
      const role = /^Plumbline role: (\w+)/.exec(request.system)?.[1] ?? '';
      const task = /^Task (\S+):/m.exec(request.prompt)?.[1] ?? '';
      const before = project.asked.filter((earlier) => earlier.role === role && earlier.task === task).length;
      const asked: Asked = { request, role, task, before };
      project.asked.push(asked);
      const said = project.overrides[role]?.(asked) ?? SCRIPT[role]?.(asked);
      if (said === undefined) throw new Error(`no answer for role ${JSON.stringify(role)}`);
      const answer = typeof said === 'string' ? { text: said } : said;
      return { usage: { input: 1000, output: 200, cached: 100 }, chunkSize: 200, ...answer };
    },
  };
  return project;
}

function asKey(key: string): Key {
  const found = KEYS.find((one) => one === key);
  if (found === undefined) throw new Error(`the script has no task ${JSON.stringify(key)}`);
  return found;
}
