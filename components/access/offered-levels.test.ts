import { expect, it } from 'vitest';
import type { QualityAnswer } from './access-refusal';
import { offeredLevels } from './offered-levels';

type Level = Pick<QualityAnswer, 'quality' | 'denial' | 'modelLabel' | 'effort'>;
const level = (
  quality: Level['quality'],
  modelLabel: string | null,
  code?: 'quality_not_allowed' | 'model_not_available' | 'insufficient_credits',
  effort: Level['effort'] = null,
): Level => ({
  quality,
  modelLabel,
  effort,
  denial: code === undefined ? null : { code, message: 'No.' },
});
const shown = (levels: Level[], present: Level['quality'] | null = 'fast') =>
  offeredLevels(levels, present).map(({ quality }) => quality);
const locked = 'quality_not_allowed';

it('a locked level with the model of an open one is not offered', () => {
  expect(shown([level('fast', 'Demo'), level('enhanced', 'Demo', locked), level('premium', 'Large', locked)])).toEqual([
    'fast',
    'premium',
  ]);
});

it('a locked level is offered where it lets the same model think more', () => {
  expect(
    shown([level('fast', 'Thinker', undefined, 'low'), level('enhanced', 'Thinker', locked, 'medium')]),
  ).toHaveLength(2);
});

it('two locked levels are both offered where no open one brings their model', () => {
  expect(
    shown([level('fast', 'Small'), level('enhanced', 'Large', locked), level('premium', 'Large', locked)]),
  ).toHaveLength(3);
});

it('open levels stay, whatever model they bring, and so does one that only lacks credits', () => {
  expect(
    shown([level('fast', 'Demo'), level('enhanced', 'Demo'), level('premium', 'Demo', 'insufficient_credits')]),
  ).toHaveLength(3);
});

it('the present level stays although it is now locked, and one without any model says so', () => {
  const levels = [
    level('fast', 'Demo'),
    level('enhanced', 'Demo', locked),
    level('premium', null, 'model_not_available'),
  ];
  expect(shown(levels, 'enhanced')).toHaveLength(3);
  expect(shown(levels)).toEqual(['fast', 'premium']);
});
