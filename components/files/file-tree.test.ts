import { describe, expect, it } from 'vitest';
import { buildTree, type TreeNode } from './file-tree';
import { grammarOf } from './highlighter';

const names = (nodes: readonly TreeNode[]): unknown[] =>
  nodes.map((node) => (node.kind === 'folder' ? [node.name, names(node.children)] : node.name));

describe('the tree of files', () => {
  it('puts folders before files, each by name, at every depth', () => {
    const tree = buildTree([
      { path: 'README.md', size: 1 },
      { path: 'src/z.ts', size: 1 },
      { path: 'src/deep/er/a.ts', size: 1 },
      { path: 'a.json', size: 1 },
      { path: 'src/b.ts', size: 1 },
    ]);
    expect(names(tree)).toEqual([['src', [['deep', [['er', ['a.ts']]]], 'b.ts', 'z.ts']], 'a.json', 'README.md']);
  });

  it('keeps names apart that objects treat specially', () => {
    expect(names(buildTree([{ path: '__proto__/constructor', size: 1 }]))).toEqual([['__proto__', ['constructor']]]);
    expect(buildTree([])).toEqual([]);
  });
});

describe('the grammar of a file', () => {
  it('comes from the ending or the name of the language, else the text stays plain', () => {
    expect(grammarOf('src/main.mjs')).toBe('javascript');
    expect(grammarOf('python')).toBe('python');
    expect(grammarOf('LICENSE')).toBeNull();
    expect(grammarOf('notes.xyz')).toBeNull();
  });
});
