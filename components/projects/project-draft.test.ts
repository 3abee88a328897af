import { expect, it } from 'vitest';
import { type DraftStore, dropDraft, keepDraft, readDraft } from './project-draft';

function memory(): NonNullable<DraftStore> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}
const draft = { title: 'Tides', description: 'A table of tides.' };

it('a draft is there again for the one who typed it, and gone once the project is made', () => {
  const store = memory();
  keepDraft(store, 'ada', draft);
  expect(readDraft(store, 'ada')).toEqual(draft);
  expect(readDraft(store, 'bob')).toBeNull();
  dropDraft(store, 'ada');
  expect(readDraft(store, 'ada')).toBeNull();
});

it('an emptied form is no draft', () => {
  const store = memory();
  keepDraft(store, 'ada', draft);
  keepDraft(store, 'ada', { title: '', description: '  ' });
  expect(readDraft(store, 'ada')).toBeNull();
});

it('what cannot be read, or is not kept at all, is no draft', () => {
  const store = memory();
  keepDraft(store, 'ada', draft);
  const broken: DraftStore = { ...store, getItem: () => '{' };
  expect(readDraft(broken, 'ada')).toBeNull();
  expect(readDraft({ ...store, getItem: () => '{"title":1}' }, 'ada')).toBeNull();
  expect(readDraft(null, 'ada')).toBeNull();
});
