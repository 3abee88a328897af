import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { newFileSchema, newPlanSchema, planSchema } from './schema';

const planWith = (path: string) => ({
  summary: 'A plan.',
  tasks: [
    {
      id: 'T1',
      title: 'A task',
      files: [
        { path: 'src/a.ts', action: 'create' },
        { path, action: 'create' },
      ],
      criteria: [{ id: 'T1.1', text: 'It works.' }],
    },
  ],
});

describe('the paths of a plan', () => {
  it.each([
    ['/etc/passwd', 'absolute'],
    ['../a.ts', '.. parts'],
    ['src//a.ts', 'empty part'],
    ['src/', 'empty part'],
    ['src\\a.ts', 'use /'],
    ['src/*.ts', 'cannot store'],
    ['src/a.ts -> src/b.ts', 'cannot store'],
    ['C:/a.ts', 'drive'],
    ['.git/config', '.git'],
    ['src/con.ts', 'reserved'],
    ['src/a\u202e.ts', '\\u{202e}'],
  ])('%j is refused where it stands, with what to write', (path, problem) => {
    const { error } = newPlanSchema.safeParse(planWith(path));
    expect(error?.issues).toMatchObject([{ path: ['tasks', 0, 'files', 1, 'path'] }]);
    expect(error?.issues[0]?.message).toContain(problem);
    expect(error?.issues[0]?.message).toMatch(/Name one file inside the project, as src\/a\.ts$/);
    expect(error?.issues[0]?.message).not.toContain('\u202e');
  });

  it('of a plan that is stored already are read as they are', () => {
    expect(planSchema.parse(planWith('src/*.ts')).tasks).toHaveLength(1);
  });

  it('are no obstacle to the schema that providers get', () => {
    expect(z.toJSONSchema(newPlanSchema, { io: 'input', target: 'draft-7' })).toMatchObject({ type: 'object' });
  });

  it('one task is a plan, none and sixteen are not', () => {
    const one = planWith('src/b.ts');
    const counts = [0, 1, 15, 16].map(
      (count) => newPlanSchema.safeParse({ ...one, tasks: Array.from({ length: count }, () => one.tasks[0]) }).success,
    );
    expect(counts).toEqual([false, true, true, false]);
  });
});

describe('a file of a new plan', () => {
  it.each([
    'src/app\u202egpj.ts',
    'src/a\u200bpp.ts',
    'src/a\u00a0b.ts',
    '\u2066src/app.ts',
    'a\u3164.ts',
    'a\ufffc.ts',
  ])('has a path of which every character can be seen: %j', (path) => {
    expect(newFileSchema.safeParse({ path, action: 'create' }).success).toBe(false);
  });

  it.each(['src/app.ts', 'docs/Übersicht 1.md', 'données/été.csv', '日本/読む.md'])(
    'may be written in any language: %s',
    (path) => {
      expect(newFileSchema.safeParse({ path, action: 'create' }).success).toBe(true);
    },
  );
});
