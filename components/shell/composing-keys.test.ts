import { expect, it } from 'vitest';
import { isComposingKey } from './composing-keys';

it.each([
  ['while a word is composed', { isComposing: true, keyCode: 13 }, true],
  ['that ended the composition in Safari', { isComposing: false, keyCode: 229 }, true],
  ['that Chrome hands to the input method', { isComposing: true, keyCode: 229 }, true],
  ['typed plainly', { isComposing: false, keyCode: 13 }, false],
])('U7: an Enter %s', (_case, key, expected) => {
  expect(isComposingKey(key)).toBe(expected);
});
