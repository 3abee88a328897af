import { describe, expect, it } from 'vitest';
import { outcomeOf } from '@/test/edit-outcome';

/** Text files: no parser stands behind the applier that would refuse a patch in them. */
const TREE = { 'notes.txt': 'one\ntwo\nthree\n', 'conf.yml': 'one\ntwo\nthree\n', 'run.py': 'one\ntwo\nthree\n' };
const EDITED = 'one\ntwo0\nthree\n';
const PATHS = Object.keys(TREE) as (keyof typeof TREE)[];
const fence = (path: string, body: string, info = '') => `${path}\n\`\`\`${info}\n${body}\n\`\`\`\n`;

/** The edit, or a refusal that names a line: a patch is never the file. */
function expectEditOrRefusal(path: string, body: string, info = ''): void {
  const outcome = outcomeOf(fence(path, body, info), TREE);
  if ('refused' in outcome) expect(outcome.refused).toMatch(/line \d|would become empty|no SEARCH|no REPLACE|does not/);
  else expect(outcome.changes).toEqual({ [path]: EDITED });
}

const MARKERS: [name: string, open: string, divider: string, close: string][] = [
  ['three signs', '<<< SEARCH', '===', '>>> REPLACE'],
  ['four signs', '<<<< SEARCH', '====', '>>>> REPLACE'],
  ['thirteen signs', '<<<<<<<<<<<<< SEARCH', '=============', '>>>>>>>>>>>>> REPLACE'],
  ['full-width signs', '＜＜＜＜＜＜＜ SEARCH', '＝＝＝＝＝＝＝', '＞＞＞＞＞＞＞ REPLACE'],
  ['guillemets', '««««««« SEARCH', '=======', '»»»»»»» REPLACE'],
  ['an invisible letter in front', '\u200b<<<<<<< SEARCH', '=======', '\u200b>>>>>>> REPLACE'],
  ['Cyrillic letters', '<<<<< SЕARCH', '=======', '>>>>> RЕPLACE'],
  ['entities', '&lt;&lt;&lt;&lt;&lt;&lt;&lt; SEARCH', '=======', '&gt;&gt;&gt;&gt;&gt;&gt;&gt; REPLACE'],
  ['spaces between the signs', '< < < < < < < SEARCH', '=======', '> > > > > > > REPLACE'],
  ['an underscore', '<<<<<<<_SEARCH', '=======', '>>>>>>>_REPLACE'],
  ['a conflict of six signs', '<<<<<< HEAD', '======', '>>>>>> new'],
  ['an indented conflict', '  <<<<<<< HEAD', '  =======', '  >>>>>>> new'],
  ['BEFORE and AFTER', '<<<<<< BEFORE', '======', '>>>>>> AFTER'],
  ['ORIGINAL and UPDATED', '<<<<<<< ORIGINAL', '=======', '>>>>>>> UPDATED'],
  ['a misspelled word', '<<<<<<< SEACH', '=======', '>>>>>>> REPLCE'],
  ['comments of two strokes', '// <<<<<<< SEARCH', '// =======', '// >>>>>>> REPLACE'],
  ['comments of a hash', '# <<<<<<< SEARCH', '# =======', '# >>>>>>> REPLACE'],
  ['comments of a star', '/* <<<<<<< SEARCH */', '/* ======= */', '/* >>>>>>> REPLACE */'],
  ['comments of HTML', '<!-- <<<<<<< SEARCH -->', '<!-- ======= -->', '<!-- >>>>>>> REPLACE -->'],
  ['a quote', '> <<<<<<< SEARCH', '> =======', '> >>>>>>> REPLACE'],
  ['plus signs', '+<<<<<<< SEARCH', '+=======', '+>>>>>>> REPLACE'],
  ['backslashes', '\\<<<<<<< SEARCH', '\\=======', '\\>>>>>>> REPLACE'],
  ['bold', '**<<<<<<< SEARCH**', '**=======**', '**>>>>>>> REPLACE**'],
  ['code', '`<<<<<<< SEARCH`', '`=======`', '`>>>>>>> REPLACE`'],
  ['brackets', '[SEARCH]', '[REPLACE]', '[/REPLACE]'],
  ['labels', 'SEARCH:', 'REPLACE:', 'END'],
  ['headings', '### SEARCH', '### REPLACE', '### END'],
  ['stars', '******* SEARCH', '=======', '******* REPLACE'],
  ['bars', '||||||| SEARCH', '=======', '||||||| REPLACE'],
  ['long dashes', '——————— SEARCH', '=======', '+++++++ REPLACE'],
  ['tags', '<search>', '</search>\n<replace>', '</replace>'],
  ['tags of a tool', '<old_str>', '</old_str>\n<new_str>', '</new_str>'],
];

const DIFFS: [name: string, body: string, info?: string][] = [
  ['diff -u', 'diff -u notes.txt new.txt\n--- notes.txt\n+++ new.txt\n@@ -2 +2 @@\n-two\n+two0'],
  ['diff -r of Mercurial', 'diff -r abcdef f\n--- a/f\tMon\n+++ b/f\tMon\n@@ -2 +2 @@\n-two\n+two0'],
  ['Perforce', '==== //depot/f#3 - /local/f ====\n@@ -2 +2 @@\n-two\n+two0'],
  ['Perforce, normal', '==== //depot/f#3 - /local/f ====\n2c2\n< two\n---\n> two0'],
  ['Subversion', `Index: f\n${'='.repeat(67)}\n--- f\t(revision 1)\n+++ f\t(working copy)\n@@ -2 +2 @@\n-two\n+two0`],
  ['a normal diff', '2c2\n< two\n---\n> two0'],
  [
    'a context diff',
    '*** f\n--- f\n***************\n*** 1,3 ****\n  one\n! two\n  three\n--- 1,3 ----\n  one\n! two0\n  three',
  ],
  ['a script of ed', '2c\ntwo0\n.\nw\nq'],
  ['a combined diff', '@@@ -1,3 -1,3 +1,3 @@@\n  one\n--two\n++two0\n  three'],
  ['a mailed patch', 'From 1234 Mon\nSubject: [PATCH] x\n\n---\n f | 2 +-\n\n@@ -2 +2 @@\n-two\n+two0\n-- \n2.40.0'],
  ['a shown commit', 'commit abc1234\nAuthor: x\n\ndiff --git a/f b/f\n@@ -2 +2 @@\n-two\n+two0'],
  ['a sentence before', 'The change:\n\n@@ -2 +2 @@\n-two\n+two0'],
  ['an indented diff', '  @@ -2 +2 @@\n  -two\n  +two0'],
  ['no header', ' one\n-two\n+two0\n three'],
  ['no header, lines not shifted', 'one\n-two\n+two0\nthree'],
  ['a comment and no header', '# change:\n-two\n+two0'],
  ["Python's ndiff", '  one\n- two\n?    ^\n+ two0\n  three'],
  ['a word diff', 'one\n[-two-]{+two0+}\nthree'],
  ['a binary patch', 'diff --git a/f b/f\nGIT binary patch\nliteral 3\nabc', 'diff'],
  ['plus signs alone', '+one\n+two0\n+three'],
  ['hunks without numbers', '@@ ... @@\n one\n-two\n+two0\n three', 'diff'],
];

describe('a patch is applied or refused, never the file', () => {
  it.each(MARKERS)('markers: %s', (_name, open, divider, close) => {
    for (const path of PATHS) expectEditOrRefusal(path, [open, 'two', divider, 'two0', close].join('\n'));
  });

  it.each(DIFFS)('diffs: %s', (_name, body, info) => {
    for (const path of PATHS) expectEditOrRefusal(path, body, info);
  });

  it.each(['', ' ', '(file deleted)', '[deleted]', 'DELETE', '# This file has been removed', '<<<< DELETE'])(
    'words in place of a deletion: %j',
    (body) => {
      expect(outcomeOf(fence('notes.txt', body), TREE)).toHaveProperty('refused');
    },
  );
});

describe('a file that only looks a little like a patch is written', () => {
  it.each([
    ['calls of Python in a docstring', 'x.py', 'def f():\n    """\n    >>> search(1)\n    2\n    """'],
    ['a prompt alone', 'x.txt', '>>> search\n2\n>>> replace\n3'],
    ['a text of PHP', 'x.php', '<?php\n$q = f(\n<<<SEARCH\nfoo\nSEARCH\n);'],
    ['lists with both signs', 'x.md', '# Pros\n\n- one\n- two\n\n+ plus\n+ more'],
    ['a heading underlined', 'x.md', 'Search\n=======\n\ntext\n\nReplace\n=======\n\ntext'],
    ['keys', 'x.yml', 'search:\n  a: 1\nreplace:\n  b: 1'],
    ['a diff in a text of a program', 'x.js', 'export const patch = `\n@@ -1 +1 @@\n-a\n+b\n`;'],
    ['a diff in a document', 'x.md', '# How\n\n~~~diff\n@@ -1 +1 @@\n-a\n+b\n~~~'],
    ['a heading of a script', 'x.sh', '# >>> conda initialize >>>\necho\n# <<< conda initialize <<<'],
    ['numbers that are the text', 'deploy/crontab', '1\t5 * * 1 backup\n2\t5 * * 1 more'],
    ['one number that is the text', 'ports.conf', '8080: web'],
    ['cues', 'a.vtt', '1: hello\n2: world'],
  ])('%s', (_name, path, body) => {
    expect(outcomeOf(fence(path, body), {})).toEqual({ changes: { [path]: `${body}\n` }, examples: 0 });
  });
});
