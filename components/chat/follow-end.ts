'use client';
import { type RefObject, type UIEvent, useEffect, useRef, useState, type WheelEvent } from 'react';

/** How near the end, in pixels, a reader who scrolls down has come back to it. */
const BACK_WITHIN_PX = 80;

interface Place {
  /** Pixels from the top of the content to the top of the view. */
  top: number;
  /** Pixels of content below the view. */
  below: number;
}

/**
 * Whether new text still pulls the view to the end after the view moved. Any move up by the reader ends it, however small;
 * content that shrinks moves the view up too, but leaves it at the end.
 */
export function followsAfter(following: boolean, before: Place, after: Place): boolean {
  if (after.below <= 1) return true;
  if (after.top < before.top) return false;
  return following || (after.top > before.top && after.below < BACK_WITHIN_PX);
}

/**
 * Keeps the end of growing content in view while its reader stands there: text that streams, code that is coloured, forms
 * that open.
 */
export function useFollowEnd(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>) {
  const [following, setFollowing] = useState(true);
  // Read while the content grows, which may be before React has drawn the reader's last move.
  const isFollowing = useRef(true);
  const last = useRef<Place>({ top: 0, below: 0 });
  const follow = (next: boolean) => {
    isFollowing.current = next;
    setFollowing(next);
  };
  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null || !following) return;
    const toEnd = () => {
      if (isFollowing.current) box.scrollTop = box.scrollHeight;
    };
    toEnd();
    const observer = new ResizeObserver(toEnd);
    observer.observe(inner);
    // A window or a keyboard that takes room from the view moves its end, too.
    observer.observe(box);
    return () => observer.disconnect();
  }, [following, scroller, content]);
  return {
    following,
    follow,
    onScroll: ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: UIEvent<HTMLElement>) => {
      const place = { top: scrollTop, below: scrollHeight - scrollTop - clientHeight };
      follow(followsAfter(isFollowing.current, last.current, place));
      last.current = place;
    },
    // Before the view has moved: text that arrives in between would pull it back.
    onWheel: ({ deltaY, currentTarget: { scrollTop } }: WheelEvent<HTMLElement>) => {
      if (deltaY < 0 && scrollTop > 0) follow(false);
    },
  };
}
