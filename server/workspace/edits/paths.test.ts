import { describe, expect, it } from 'vitest';
import { applyEdits, renderRefusals } from './apply-edits';
import { collidesWithArchive, collisionKey, DEFAULT_LIMITS, pathProblem, treeProblems } from './paths';

const tree = (...paths: string[]) =>
  treeProblems(new Map(paths.map((path) => [path, { size: 1 }])), DEFAULT_LIMITS).map(({ code, path }) => [code, path]);

describe('names that never get in', () => {
  it.each([
    '.g\u200cit/config',
    'GIT~1/config',
    'git~2',
    'a\u202Egnp.js',
    'a\u2028b',
    'a\u0085b',
    'nul .txt',
    'con .js',
    'AUX',
    'a\u2066b',
    'a\u200fb',
    'a\u3164b',
    'a\u2800b',
    'a\ufe0fb',
    'a\u{e0061}b',
    'a\u00a0b',
    'a\ue000b',
  ])('%j', (path) => expect(pathProblem(path)).not.toBeNull());

  it('are quoted so that they show, and turn no message around', () => {
    expect(pathProblem('a\u202egnp.js')).toContain('a\\u{202e}gnp.js');
    const result = applyEdits(new Map(), [{ kind: 'write', path: 'a\u202egnp.js', content: '' }]);
    expect(JSON.stringify(result)).not.toContain('\u202e');
    expect(result.ok ? '' : renderRefusals(result.refusals)).not.toContain('\u202e');
  });

  it('are not mistaken for good ones', () => {
    for (const path of ['src/null.ts', 'docs/über.md', 'console.js', 'a b.txt', '.github/x.yml', 'git~a.txt'])
      expect([path, pathProblem(path)]).toEqual([path, null]);
  });
});

describe('names that are one on some systems', () => {
  it.each([
    ['ς.js', 'σ.js'],
    ['ſ.js', 's.js'],
    ['straße', 'STRASSE'],
    ['ﬀ', 'ff'],
    ['Readme.md', 'README.md'],
  ])('%s and %s', (a, b) => {
    expect(collisionKey(a)).toBe(collisionKey(b));
    expect(tree(a, b)).toEqual([['path_collision', b]]);
  });

  it('a folder named like a file that the download adds is refused', () => {
    expect(tree('PLAN.md/x.md', 'plumbline.json/y', 'src/plan.md')).toEqual([
      ['path_collision', 'PLAN.md/x.md'],
      ['path_collision', 'plumbline.json/y'],
    ]);
    expect(['plan.md', 'PLAN.MD/a', 'src/plan.md', 'planner.md'].map(collidesWithArchive)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
