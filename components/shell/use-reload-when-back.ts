import { useEffect } from 'react';

/** Milliseconds between two looks for a server that is away. */
const LOOK_AGAIN_MS = 1_000;

/**
 * A page that was still arriving when its server died cannot be finished. Loads it again once the server answers. Where the
 * server was there all the time, the fault is another one and stays to be seen.
 */
export function useReloadWhenBack(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    const look = async (wasAway: boolean) => {
      const isThere = await fetch('/api/ready', { cache: 'no-store' }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isGone) return;
      if (!isThere) timer = setTimeout(() => void look(true), LOOK_AGAIN_MS);
      else if (wasAway) window.location.reload();
    };
    void look(false);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, []);
}
