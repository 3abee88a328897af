import { z } from 'zod';
import type { NewProject } from './new-project-schema';

/** What was typed into the form of a new project, kept in this tab while its writer looks for a way to unlock something. */
const draftSchema = z.object({ title: z.string().max(1000), description: z.string().max(50_000) });

/** A person's own key: another one may sign in in the same tab. */
function keyOf(userId: string): string {
  return `plumbline:new-project:${userId}`;
}

/** The part of `sessionStorage` that is used; null where the browser keeps none. */
export type DraftStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;

/** What was kept; null when there is nothing, or nothing that can be read. */
export function readDraft(store: DraftStore, userId: string): NewProject | null {
  const text = store?.getItem(keyOf(userId)) ?? null;
  if (text === null) return null;
  try {
    return draftSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Keeps what is typed; an empty form is no draft. */
export function keepDraft(store: DraftStore, userId: string, { title, description }: NewProject): void {
  if (title.trim() === '' && description.trim() === '') store?.removeItem(keyOf(userId));
  else store?.setItem(keyOf(userId), JSON.stringify({ title, description }));
}

export function dropDraft(store: DraftStore, userId: string): void {
  store?.removeItem(keyOf(userId));
}

/** This tab's store; null where the browser denies it. */
export function tabStore(): DraftStore {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
