import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditsToClawBack, earliest, type PurchaseFacts, purchaseStatus } from './purchase-effects';

const paid: PurchaseFacts = {
  creditsMicro: 100_000_000n,
  priceUsdCents: 999,
  paidAt: new Date(1000),
  failedAt: null,
  expiredAt: null,
  refundedCents: 0,
  disputedCents: 0,
};

describe('the credits that a refund takes back', () => {
  it.each([
    [0, 0, 0n],
    [1, 0, 100_101n],
    [500, 0, 50_050_051n],
    [998, 0, 99_899_900n],
    [999, 0, 100_000_000n],
    [500, 499, 100_000_000n],
    [999, 999, 100_000_000n],
  ])('for %i cents refunded and %i disputed are %s micro-credits', (refundedCents, disputedCents, expected) => {
    expect(creditsToClawBack({ ...paid, refundedCents, disputedCents })).toBe(expected);
  });

  it('never exceed the purchase, never shrink as more is paid back, and never fall short of the share', () => {
    const cents = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(cents, cents, fc.bigInt({ min: 1n, max: 10n ** 12n }), (a, b, creditsMicro) => {
        const facts = { ...paid, creditsMicro, priceUsdCents: 12_999 };
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const [low, high] = [less, more].map((refundedCents) => creditsToClawBack({ ...facts, refundedCents }));
        if (low === undefined || high === undefined) throw new Error('no result');
        expect(low <= high && high <= creditsMicro).toBe(true);
        expect(high * 12_999n >= creditsMicro * BigInt(Math.min(more, 12_999))).toBe(true);
      }),
    );
  });
});

describe('what a purchase shows', () => {
  const at = new Date(5000);
  it.each([
    ['pending', { paidAt: null }],
    ['failed', { paidAt: null, failedAt: at, expiredAt: at }],
    ['expired', { paidAt: null, expiredAt: at }],
    ['paid', { failedAt: at, expiredAt: at }],
    ['refunded', { refundedCents: 1 }],
    ['disputed', { refundedCents: 1, disputedCents: 1 }],
    ['pending', { paidAt: null, refundedCents: 1 }],
  ] as const)('is %s for %o', (status, facts) => {
    expect(purchaseStatus({ ...paid, ...facts })).toBe(status);
  });
});

it('keeps the earlier of two times', () => {
  const [early, late] = [new Date(1), new Date(2)];
  expect([earliest(early, late), earliest(late, early), earliest(null, late), earliest(early, undefined)]).toEqual([
    early,
    early,
    late,
    early,
  ]);
  expect(earliest(null, null)).toBeNull();
});
