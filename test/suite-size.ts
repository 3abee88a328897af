/** Whether the full counts run: `npm run test:long`. `npm test` and CI run the short form of every suite. */
const LONG = process.env.TEST_LONG === '1';

/** The count of a suite: `short` in `npm test`, `full` in `npm run test:long`. */
export function suiteSize(short: number, full: number): number {
  return LONG ? full : short;
}
