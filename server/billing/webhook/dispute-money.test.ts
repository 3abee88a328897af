import { describe, expect, it } from 'vitest';
import { disagreement, withdrawnCents } from './dispute-money';

interface Booking {
  amount: number;
  currency: string;
  exchange_rate: number | null;
}

const usd = (...amounts: number[]): Booking[] =>
  amounts.map((amount) => ({ amount, currency: 'usd', exchange_rate: null }));
const eur = (rate: number | null, ...amounts: number[]): Booking[] =>
  amounts.map((amount) => ({ amount, currency: 'eur', exchange_rate: rate }));
const dispute = (status: string, balance_transactions: Booking[] = []) => ({
  status,
  amount: 999,
  currency: 'usd',
  balance_transactions,
});

describe('what a bank holds of a dispute', () => {
  it.each([
    ['nothing is booked for an inquiry', 'warning_needs_response', usd(), 0],
    ['a withdrawal', 'needs_response', usd(-999), 999],
    ['a return', 'won', usd(-999, 999), 0],
    ['a second withdrawal in an appeal', 'appeal_under_review', usd(-999, 999, -999), 999],
    ['a return in part', 'won', usd(-999, 400), 599],
    ['more came than went', 'won', usd(-999, 1000), 0],
    ['another currency by its rate', 'lost', eur(0.8637, -863), 999],
    ['another currency without a rate, by the sign', 'lost', eur(null, -863), 999],
    ['another currency, returned without a rate', 'won', eur(null, -863, 860), 0],
    ['the words say nothing', 'won', usd(-999), 999],
  ] as const)('is read from the bookings: %s', (_, status, bookings, cents) => {
    expect(withdrawnCents(dispute(status, [...bookings]))).toBe(cents);
  });

  it('is looked at by a person where the status is unknown or says another thing than the bookings', () => {
    expect(disagreement(dispute('brand_new', usd(-999)))).toContain('unknown status brand_new');
    expect(disagreement(dispute('lost'))).toContain('no withdrawal');
    expect(disagreement(dispute('won', usd(-999)))).toContain('999 cents are withdrawn');
    expect(disagreement(dispute('warning_closed', usd(-1)))).toContain('1 cents');
    const sound: [string, number[]][] = [
      ['needs_response', [-999]],
      ['under_review', []],
      ['appeal_needs_response', [-999, 999]],
      ['prevented', []],
      ['prevented', [-999]],
      ['won', [-999, 999]],
      ['lost', [-999]],
      ['warning_closed', []],
    ];
    for (const [status, amounts] of sound) expect(disagreement(dispute(status, usd(...amounts)))).toBeNull();
  });
});
