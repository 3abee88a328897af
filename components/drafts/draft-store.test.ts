import { describe, expect, it } from 'vitest';
import { type DraftStorage, newDraftStore } from './draft-store';

function memory(): NonNullable<DraftStorage> {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

describe('drafts', () => {
  it('U3: are there again after a reload, each at its place and for its person only', () => {
    const storage = memory();
    newDraftStore(() => storage).keep('ada', 'chat:1', 'Where is the parser?');
    const reloaded = newDraftStore(() => storage);
    expect(reloaded.read('ada', 'chat:1')).toBe('Where is the parser?');
    expect(reloaded.read('ada', 'chat:2')).toBe('');
    expect(reloaded.read('bob', 'chat:1')).toBe('');
  });

  it('are gone once they are emptied, and leave nothing in the browser', () => {
    const storage = memory();
    const store = newDraftStore(() => storage);
    store.keep('ada', 'chat:1', 'half a');
    store.keep('ada', 'chat:1', '  ');
    expect(storage.length).toBe(0);
    expect(newDraftStore(() => storage).read('ada', 'chat:1')).toBe('');
  });

  it('of one person are all forgotten at sign-out, and those of others kept', () => {
    const storage = memory();
    const store = newDraftStore(() => storage);
    for (const place of ['chat:1', 'plan:1', 'new-project']) store.keep('ada', place, place);
    store.keep('bob', 'chat:1', 'mine');
    storage.setItem('theme', 'dark');
    store.forget('ada');
    expect(['chat:1', 'plan:1', 'new-project'].map((place) => store.read('ada', place))).toEqual(['', '', '']);
    expect(store.read('bob', 'chat:1')).toBe('mine');
    expect(storage.length).toBe(2);
  });

  it.each([
    ['denies storage', () => null],
    [
      'throws at the name of it',
      () => {
        throw new Error('SecurityError');
      },
    ],
    [
      'is full',
      (): DraftStorage => ({
        ...memory(),
        length: 0,
        setItem: () => {
          throw new Error('QuotaExceededError');
        },
      }),
    ],
  ])('last as long as the page where the browser %s', (_case, storage) => {
    const store = newDraftStore(storage);
    let told = 0;
    const stop = store.subscribe(() => {
      told += 1;
    });
    store.keep('ada', 'chat:1', 'still here');
    expect(store.read('ada', 'chat:1')).toBe('still here');
    store.forget('ada');
    expect(store.read('ada', 'chat:1')).toBe('');
    stop();
    store.keep('ada', 'chat:1', 'unheard');
    expect(told).toBe(2);
  });
});
