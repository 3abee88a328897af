import 'server-only';

const state: { offsetMs: number } = { offsetMs: 0 };

/** The current time. Tests move it with `setClockOffset`; SQL functions take it as an argument. */
export function now(): Date {
  return new Date(Date.now() + state.offsetMs);
}

/** Moves the clock by this many milliseconds from the real time, for tests. */
export function setClockOffset(offsetMs: number): void {
  state.offsetMs = offsetMs;
}
