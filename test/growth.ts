/**
 * How many times the processor time of `act` grows from `size` to eight times that size: about 8 where the work is in
 * proportion, about 64 where it is quadratic. The least of three runs each counts, so other work of the machine hardly does.
 */
export function growth(size: number, act: (size: number) => void): number {
  const cost = (of: number) => {
    const runs = [1, 2, 3].map(() => {
      const started = process.cpuUsage();
      act(of);
      const { user, system } = process.cpuUsage(started);
      return user + system;
    });
    return Math.min(...runs);
  };
  act(size);
  // Very short runs are all overhead.
  return cost(8 * size) / Math.max(cost(size), SHORTEST_MICROSECONDS);
}

const SHORTEST_MICROSECONDS = 500;
/** What `growth` stays below where the work is in proportion to the size, with room for a busy machine. */
export const PROPORTIONAL = 32;
