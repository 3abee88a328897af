import type { QualityAnswer } from './access-refusal';

/** Levels that the plan, or this instance, cannot do; missing credits are a warning, not a lock. */
const LOCKING = new Set(['capability_denied', 'quality_not_allowed', 'model_not_available']);

export function isLocked({ denial }: Pick<QualityAnswer, 'denial'>): boolean {
  return denial !== null && LOCKING.has(denial.code);
}

type Level = Pick<QualityAnswer, 'quality' | 'denial' | 'modelLabel' | 'effort'>;

const offer = ({ modelLabel, effort }: Level) => `${modelLabel} ${effort}`;

/**
 * The levels worth showing: nobody is sold a locked one whose model an open one brings already, with the same effort. The
 * present one stays.
 */
export function offeredLevels<T extends Level>(levels: readonly T[], present: T['quality'] | null): T[] {
  const open = new Set(levels.filter((level) => !isLocked(level)).map(offer));
  return levels.filter(
    (level) => !isLocked(level) || level.quality === present || level.modelLabel === null || !open.has(offer(level)),
  );
}
