/** What was typed and not sent yet, kept in this browser: one text for each person and place. */

/** The part of `localStorage` that is used; null where the browser denies it. */
export type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'> | null;

export interface DraftStore {
  /** The text kept at a place; empty when there is none. */
  read: (userId: string, place: string) => string;
  /** Keeps a text; a blank one is no draft. */
  keep: (userId: string, place: string, text: string) => void;
  /** Forgets every draft of one person: another one may use this browser next. */
  forget: (userId: string) => void;
  /** Calls back after each change of this page. @returns how to stop that */
  subscribe: (onChange: () => void) => () => void;
}

const prefixOf = (userId: string) => `plumbline:draft:${userId}:`;

/** Ask for the storage each time: a browser may refuse even to name it. A full one keeps drafts for this page only. */
export function newDraftStore(storage: () => DraftStorage): DraftStore {
  // Also where the browser stores nothing, a draft outlives the form that it was typed into.
  const known = new Map<string, string>();
  const listeners = new Set<() => void>();
  const attempt = <T>(work: (kept: NonNullable<DraftStorage>) => T, otherwise: T): T => {
    try {
      const kept = storage();
      return kept === null ? otherwise : work(kept);
    } catch {
      return otherwise;
    }
  };
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    read: (userId, place) => {
      const key = prefixOf(userId) + place;
      const text = known.get(key) ?? attempt((kept) => kept.getItem(key), null) ?? '';
      known.set(key, text);
      return text;
    },
    keep: (userId, place, text) => {
      const key = prefixOf(userId) + place;
      const isBlank = text.trim() === '';
      known.set(key, text);
      attempt((kept) => (isBlank ? kept.removeItem(key) : kept.setItem(key, text)), undefined);
      tell();
    },
    forget: (userId) => {
      const prefix = prefixOf(userId);
      for (const key of [...known.keys()]) if (key.startsWith(prefix)) known.delete(key);
      attempt((kept) => {
        const keys = Array.from({ length: kept.length }, (_, index) => kept.key(index) ?? '');
        for (const key of keys) if (key.startsWith(prefix)) kept.removeItem(key);
      }, undefined);
      tell();
    },
    subscribe: (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  };
}

/** The drafts of this browser. */
export const drafts = newDraftStore(() => window.localStorage);
