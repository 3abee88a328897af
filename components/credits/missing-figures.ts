/** What is needed, what is there, and what is missing, as one card shows it. Pure; micro-credits. */
import { formatCredits, MICRO } from '@/server/credits/schema';

const HUNDREDTH = MICRO / 100n;

interface MissingFigures {
  required: bigint;
  available: bigint;
  missing: bigint;
  /** Two decimals would say that what is needed is there: the card shows all of them. */
  exact: boolean;
}

/** Rounded as `formatCredits` rounds, half away from zero. */
function asShown(micro: bigint): bigint {
  const abs = micro < 0n ? -micro : micro;
  const rounded = ((abs + HUNDREDTH / 2n) / HUNDREDTH) * HUNDREDTH;
  return micro < 0n ? -rounded : rounded;
}

/** What is missing is the difference of the two amounts above it as they are shown, so that the card adds up. */
export function missingFigures({ required, available, missing }: Omit<MissingFigures, 'exact'>): MissingFigures {
  const exact =
    formatCredits(required) === formatCredits(available) ||
    missing < HUNDREDTH ||
    [required, available].some((micro) => micro > 0n && micro < HUNDREDTH);
  if (exact || missing !== required - available) return { required, available, missing, exact };
  return { required, available, missing: asShown(required) - asShown(available), exact };
}
