'use client';
import { useEffect } from 'react';

/** Whether an input method reads this key: it composes a Japanese, Chinese or Korean word, or an accent. */
export function isComposingKey({ isComposing, keyCode }: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean {
  // Safari ends the composition before it reports the Enter that ended it; only the code 229 still says so.
  return isComposing || keyCode === 229;
}

/**
 * Keeps composing keys from every field, form, menu and dialog at once: the Enter that takes a word sends nothing, the Escape
 * that drops it closes nothing. The window hears a key first, before React and the dialogs.
 */
export function ComposingKeys() {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isComposingKey(event)) return;
      event.stopImmediatePropagation();
      // A browser that sends a form on this Enter would do it by default.
      if (event.key === 'Enter') event.preventDefault();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
  return null;
}
