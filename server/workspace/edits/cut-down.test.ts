import { expect, it } from 'vitest';
import { saysCutDown } from './cut-down';

const source = 'export function parseLine() {}\nexport const add = 1;\n';

it.each([
  'Split src/app.js into modules',
  'Remove the old code from `app.js`',
  'Delete parseLine() and its callers',
  'Clean up by stripping the helpers out of ./src/app.js',
])('a task says that the file becomes shorter: %s', (words) => {
  expect(saysCutDown(words, 'src/app.js', source)).toBe(true);
});

it.each([
  'Add a button to remove an entry',
  'Split the bill among friends. Write src/app.js',
  'Strip white space and add the numbers',
  'Remove src/app.json',
  'Change src/app.js so that users delete entries',
])('a verb elsewhere says nothing about the file: %s', (words) => {
  expect(saysCutDown(words, 'src/app.js', source)).toBe(false);
});
