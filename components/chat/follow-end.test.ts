import { expect, it } from 'vitest';
import { followsAfter } from './follow-end';

const END = { top: 1000, below: 0 };

it.each([
  ['U5: 50 px up during a stream', true, END, { top: 950, below: 50 }, false],
  ['U5: 200 px up during a stream', true, END, { top: 800, below: 200 }, false],
  ['one step of a slow wheel', true, END, { top: 997, below: 3 }, false],
  ['text that grows below a reader who went up', false, { top: 950, below: 50 }, { top: 950, below: 70 }, false],
  ['the view pulled to the new end', true, END, { top: 1040, below: 0 }, true],
  ['text that grew again in between', true, END, { top: 1040, below: 12 }, true],
  ['content that shrank', true, END, { top: 900, below: 0 }, true],
  ['coming back near the end', false, { top: 700, below: 300 }, { top: 940, below: 60 }, true],
  ['going down, far from the end', false, { top: 300, below: 700 }, { top: 500, below: 500 }, false],
])('%s', (_case, following, before, after, expected) => {
  expect(followsAfter(following, before, after)).toBe(expected);
});
