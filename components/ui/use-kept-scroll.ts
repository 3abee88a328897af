import { type RefObject, useCallback, useLayoutEffect, useRef } from 'react';

/** The nearest box around an element that scrolls. */
function scrollerOf(element: HTMLElement | null): HTMLElement | null {
  for (let box = element; box !== null; box = box.parentElement)
    if (/^(auto|scroll)$/.test(getComputedStyle(box).overflowY)) return box;
  return null;
}

/**
 * Keeps what a person reads in its place while something is added above it. Call the result just before it is asked for.
 * @param inside an element in the box that scrolls
 * @param shown changes when what was asked for is shown
 */
export function useKeptScroll(inside: RefObject<HTMLElement | null>, shown: string | number | undefined): () => void {
  const kept = useRef<{ box: HTMLElement; fromEnd: number } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` is what tells that more stands above
  useLayoutEffect(() => {
    if (kept.current === null) return;
    const { box, fromEnd } = kept.current;
    kept.current = null;
    box.scrollTop = box.scrollHeight - fromEnd;
  }, [shown]);
  return useCallback(() => {
    const box = scrollerOf(inside.current);
    kept.current = box === null ? null : { box, fromEnd: box.scrollHeight - box.scrollTop };
  }, [inside]);
}
