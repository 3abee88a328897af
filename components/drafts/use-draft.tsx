'use client';
import { createContext, type ReactNode, useCallback, useContext, useSyncExternalStore } from 'react';
import { drafts } from './draft-store';

const PersonContext = createContext<string | null>(null);

/** Names the person whose drafts are kept. */
export function DraftsOf({ userId, children }: { userId: string; children: ReactNode }) {
  return <PersonContext value={userId}>{children}</PersonContext>;
}

function usePerson(): string {
  const userId = useContext(PersonContext);
  if (userId === null) throw new Error('drafts need a DraftsOf above them');
  return userId;
}

/** Like `useState('')`, for a text that is still there after a reload and on the way back. `place` names where it is typed. */
export function useDraft(place: string): [text: string, keep: (text: string) => void] {
  const userId = usePerson();
  const text = useSyncExternalStore(
    drafts.subscribe,
    () => drafts.read(userId, place),
    () => '',
  );
  const keep = useCallback((next: string) => drafts.keep(userId, place, next), [userId, place]);
  return [text, keep];
}

/** For signing out: the next person at this browser finds nothing. */
export function useForgetDrafts(): () => void {
  const userId = usePerson();
  return useCallback(() => drafts.forget(userId), [userId]);
}

/** Gives a text that could not be sent back to its place, before what was typed there since. */
export function useRestoreDraft(place: string): (failed: string) => void {
  const userId = usePerson();
  return useCallback(
    (failed) => {
      const typed = drafts.read(userId, place);
      drafts.keep(userId, place, typed.trim() === '' ? failed : `${failed}\n\n${typed}`);
    },
    [userId, place],
  );
}
