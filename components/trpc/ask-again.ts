import { isUnreachable } from './error-message';

const ASK_AGAIN_MS = 3000;

/**
 * For `refetchInterval`: what could not be reached is asked for again, so that a page shows itself once the server is back,
 * without a click. @returns milliseconds, or false: nothing was lost on the way
 */
export function askAgain({ state: { error } }: { state: { error: unknown } }): number | false {
  return isUnreachable(error) ? ASK_AGAIN_MS : false;
}
