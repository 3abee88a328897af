import { expect, it } from 'vitest';
import { beginTaskEdit, finishTaskEdit, readTaskEdit, writeTaskEdit } from './task-edit';

const task = {
  title: 'Sort the lines',
  why: '',
  criteria: [
    { id: 'T1.1', text: 'Lines are sorted', check: 'npm test', met: false, evidence: 'line 4' },
    { id: 'T1.2', text: 'An empty file stays empty' },
  ],
};
const begun = beginTaskEdit(task);

it('keeps an edit of a rejected task over a reload, half finished too', () => {
  const edit = { ...begun, title: ' ', criteria: begun.criteria.map((criterion) => ({ ...criterion, text: '' })) };
  expect(readTaskEdit(writeTaskEdit(edit, task))).toEqual(edit);
  expect(finishTaskEdit(edit)).toBeNull();
});

it('keeps nothing of an edit that changes nothing, and reads nothing of what it cannot', () => {
  expect(writeTaskEdit(begun, task)).toBe('');
  expect(readTaskEdit('')).toBeNull();
  expect(readTaskEdit('{"title":1}')).toBeNull();
});

it('sends the texts without space around them, the checks with them and no verdict', () => {
  expect(finishTaskEdit({ ...begun, title: '  Sort all lines ' })).toEqual({
    title: 'Sort all lines',
    why: '',
    criteria: [
      { id: 'T1.1', text: 'Lines are sorted', check: 'npm test' },
      { id: 'T1.2', text: 'An empty file stays empty' },
    ],
  });
});
