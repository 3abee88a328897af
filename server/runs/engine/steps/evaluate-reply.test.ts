import { describe, expect, it } from 'vitest';
import type { PlannedTask } from '@/server/agents/schema';
import { parseReply } from '@/server/workspace/edits/parse-reply';
import { evaluateReply, mergeRepair } from './evaluate-reply';

const A = 'one\ntwo\nthree\nfour\nfive\n';
const GOOD = 'new.js\n```js\nexport const z = 1;\n```\n';
const task = (...files: PlannedTask['files']): PlannedTask => ({
  id: 'T1',
  title: 'A task',
  why: '',
  files,
  criteria: [{ id: 'T1.1', text: 'It works.' }],
  size: 'M',
  dependsOn: [],
});
const evaluate = (reply: string, tree: Record<string, string> = { 'src/a.js': A }, ...files: PlannedTask['files']) =>
  evaluateReply({
    before: new Map(Object.entries(tree)),
    parsed: parseReply(reply),
    task: task(...files),
  });
const messages = (reply: string, ...files: PlannedTask['files']) =>
  evaluate(reply, undefined, ...files).refusals.map(({ message }) => message);

describe('a file that an answer speaks of and no block touches', () => {
  const fence = '```js\none\n2\nthree\n```\n';

  it('is refused, with the line of the fence that may be meant for it', () => {
    expect(messages(`${GOOD}\nHere is the updated src/a.js:\n\n${fence}`)).toEqual([
      'src/a.js: the fence at line 8 of the answer may be meant for it; write the path alone on the line before, or leave the example out',
    ]);
  });

  it('is refused when the task creates it', () => {
    expect(messages(`${GOOD}\nThe new src/b.js:\n\n${fence}`, { path: 'src/b.js', action: 'create' })).toHaveLength(2);
  });

  it('is refused when it goes in words alone', () => {
    expect(messages(`${GOOD}\nDelete: \`src/a.js\`\n`)).toEqual([expect.stringContaining('<<<<<<< DELETE')]);
  });

  it.each([
    ['the fence quotes the file as it is', `${GOOD}\nThis is src/a.js:\n\n\`\`\`js\none\ntwo\n\`\`\`\n`],
    ['another block changes it', `src/a.js\n\`\`\`js\n${A}six\n\`\`\`\n\nIn src/a.js the change is:\n\n${fence}`],
    ['there is no such file', `${GOOD}\nThink of src/c.js:\n\n${fence}`],
  ])('is no refusal when %s', (_name, reply) => expect(messages(reply)).toEqual([]));
});

describe('the files of a task', () => {
  it('are missing when the answer deletes one that the task creates', () => {
    const { refusals } = evaluate(
      'src/a.js\n```\n<<<<<<< DELETE\n```\n',
      { 'src/a.js': A },
      { path: 'src/a.js', action: 'create' },
    );
    expect(refusals.map(({ code }) => code)).toContain('missing_file');
  });
});

describe('a repair', () => {
  const section = (search: string, replace: string) =>
    `<<<<<<< SEARCH\n${search}\n=======\n${replace}\n>>>>>>> REPLACE`;
  const reply = (...sections: string[]) => `src/a.js\n\`\`\`js\n${sections.join('\n')}\n\`\`\`\n`;
  function repaired(first: string, second: string): string | undefined | string[] {
    const before = new Map([['src/a.js', A]]);
    const { refusals } = evaluate(first);
    expect(refusals).toHaveLength(1);
    const parsed = mergeRepair(parseReply(first), parseReply(second), { refusals, before });
    const outcome = evaluateReply({ before, parsed, task: task() });
    return outcome.changes.get('src/a.js') ?? outcome.refusals.map(({ message }) => message);
  }
  const bad = section('fuor and more', '4');
  const good = section('four', '4');
  const two = section('two', '2');
  const added = section('two', 'two\nadded');

  it.each([
    ['the refused section alone', reply(two, bad), reply(good)],
    ['the refused one of the middle', reply(section('one', 'one'), bad, two), reply(good)],
    ['all sections', reply(two, bad), reply(two, good)],
    ['all in one section', reply(two, bad), reply(section('two\nthree\nfour', '2\nthree\n4'))],
    ['the whole file', reply(two, bad), reply('one\n2\nthree\n4\nfive')],
  ])('that gives %s brings all of the edit', (_name, first, second) => {
    expect(repaired(first, second)).toBe('one\n2\nthree\n4\nfive\n');
  });

  it.each([
    ['left out', reply(good)],
    ['given again', reply(added, good)],
  ])('applies a section that adds lines once, whether it is %s', (_name, second) => {
    expect(repaired(reply(added, bad), second)).toBe('one\ntwo\nadded\nthree\n4\nfive\n');
  });

  it('that the guard asked for stands alone', () => {
    const first = reply(section('two', '// ... existing code ...'), good);
    expect(repaired(first, reply(two))).toBe('one\n2\nthree\nfour\nfive\n');
  });
});
