import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { addPackageSchema, adjustSchema } from '@/server/credits/schema-operator';
import { adjustmentForm, deprecationForm, packageForm, planForm, priceForm } from './form-schemas';

/** What a form says, by field. */
function said(form: z.ZodType, typed: unknown): Record<string, string> {
  const { error } = form.safeParse(typed);
  return Object.fromEntries(error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? []);
}

describe('what an operator types into a form', () => {
  const offer = { name: ' Starter ', creditsMicro: '100', priceUsdCents: '9.99', popular: false, active: true };

  it('of a package is what the server takes, or a word at its field', () => {
    const wish = packageForm.parse(offer);
    expect(addPackageSchema.parse(wish)).toEqual({
      name: 'Starter',
      creditsMicro: 100_000_000n,
      priceUsdCents: 999,
      popular: false,
      active: true,
    });
    expect(said(packageForm, { ...offer, name: ' ', creditsMicro: '0', priceUsdCents: '0.49' })).toEqual({
      name: 'Give it a name.',
      creditsMicro: 'Write an amount above zero.',
      priceUsdCents: 'Write dollars from 0.50 on: the payment service takes no less.',
    });
    expect(said(packageForm, { ...offer, name: 'x'.repeat(41), creditsMicro: 'ten', priceUsdCents: '' })).toEqual({
      name: 'At most 40 characters.',
      creditsMicro: 'Write an amount such as 12 or 12.50.',
      priceUsdCents: 'Write dollars such as 29 or 29.00.',
    });
  });

  it('of a plan may be nothing, and no more than is stored', () => {
    const plan = { name: 'Free', monthlyMicro: '0', welcomeMicro: '0.000001', priceUsdCents: '0' };
    expect(planForm.parse(plan)).toEqual({ name: 'Free', monthlyMicro: 0n, welcomeMicro: 1n, priceUsdCents: 0 });
    expect(said(planForm, { ...plan, monthlyMicro: '1000001', priceUsdCents: '10000.01' })).toEqual({
      monthlyMicro: 'At most 1,000,000.00 credits.',
      priceUsdCents: 'At most 10,000 dollars.',
    });
  });

  it('of a price stays text, at once or from a moment on', () => {
    const price = { input: '1.25', cached: '0', output: '10', effectiveFrom: '' };
    expect(priceForm.parse(price)).toEqual({ ...price, effectiveFrom: undefined });
    expect(priceForm.parse({ ...price, effectiveFrom: '2026-12-01T08:30' }).effectiveFrom).toBe(
      '2026-12-01T08:30:00.000Z',
    );
    expect(said(priceForm, { ...price, input: '1,25', effectiveFrom: 'soon' })).toEqual({
      input: 'Write dollars such as 1.25, with at most nine decimals.',
      effectiveFrom: 'Write a day and a time.',
    });
  });

  it('of a deprecation names a moment, and perhaps what follows', () => {
    expect(deprecationForm.parse({ deprecatedAt: '2026-12-01T08:30', replacedBy: '' }).replacedBy).toBeNull();
    expect(said(deprecationForm, { deprecatedAt: '', replacedBy: 'a:b' })).toEqual({
      deprecatedAt: 'Write a day and a time.',
    });
  });

  it('of an adjustment says why, and takes no more than is there', () => {
    const form = adjustmentForm(5_000_000n);
    const take = { direction: 'take', amount: '5', reason: ' It was a mistake ' };
    expect(form.parse(take)).toEqual({ direction: 'take', amount: 5_000_000n, reason: 'It was a mistake' });
    expect(said(form, { ...take, amount: '5.01' })).toEqual({
      amount: 'At most 5.00: more bonus credits are not there.',
    });
    expect(said(form, { ...take, direction: 'give', amount: '5.01' })).toEqual({});
    expect(said(form, { ...take, amount: '0', reason: 'no' })).toEqual({
      amount: 'Write an amount above zero, such as 5 or 12.50.',
      reason: 'Say why, in at least five characters.',
    });
    expect(adjustSchema.shape.reason.safeParse('x'.repeat(301)).success).toBe(false);
  });
});
