import { expect, it } from 'vitest';
import { amountProblem } from './amount-problem';

it('says what is wrong with an amount: its form, its size or its decimals', () => {
  for (const fine of ['12', ' 12,50 ', '0', '0.000001', '1000000']) expect(amountProblem(fine)).toBeUndefined();
  for (const large of ['1000000.01', '1000001', '5000000', '99999999999'])
    expect(amountProblem(large)).toBe('At most 1,000,000.00 credits.');
  expect(amountProblem('1.0000001')).toBe('Write at most six decimals.');
  for (const unread of ['', 'a lot', '-1', '1e3', '1,000,000'])
    expect(amountProblem(unread)).toBe('Write an amount such as 12 or 12.50.');
});
