import { describe, expect, it } from 'vitest';
import { creditsOfInvoice, type PlanEntry, shareOfInvoice, welcomeOfInvoice } from './invoice-credits';

const entry = (kind: string, monthlyDelta: bigint, idempotencyKey = kind): PlanEntry => ({
  kind,
  monthlyDelta,
  bonusDelta: 0n,
  idempotencyKey,
});
const keys = { allocation: 'allocation:o:2', upgrade: 'upgrade:in_2:' };
const month = entry('plan_allocation', 500n, keys.allocation);
const upgrade = entry('plan_adjustment', 1500n, 'upgrade:in_2:team');
const welcome = { ...entry('welcome_bonus', 0n, 'welcome:o:team'), bonusDelta: 50n };

describe('the credits of an invoice', () => {
  it('are those of the period that it opened with what the plan gives beyond them', () => {
    const opened = [entry('expiry', -10n), entry('plan_allocation', 10n, keys.allocation), upgrade];
    expect(creditsOfInvoice(opened, keys)).toEqual({ granted: 1510n, lapsed: 0n, current: true });
    // The same plan bought again within the month takes nothing from what the first invoice brought.
    const again = [
      entry('expiry', -10n),
      entry('plan_allocation', 10n),
      entry('plan_adjustment', 1490n, 'upgrade:in_3:team'),
    ];
    expect(creditsOfInvoice([...opened, entry('plan_adjustment', 0n, 'ended'), ...again], keys)).toEqual({
      granted: 1510n,
      lapsed: 10n,
      current: false,
    });
  });

  it('are those of the period that it paid for, where the upgrade was booked before it', () => {
    const entries = [entry('plan_allocation', 10n), upgrade, entry('expiry', -1510n), month];
    expect(creditsOfInvoice(entries, keys)).toEqual({ granted: 500n, lapsed: 0n, current: true });
  });

  it('are the difference for an upgrade within a period', () => {
    const entries = [entry('plan_allocation', 500n), upgrade];
    expect(creditsOfInvoice(entries, { ...keys, allocation: null })).toEqual({
      granted: 1500n,
      lapsed: 0n,
      current: true,
    });
  });

  it('have lapsed as far as they expired, in proportion to what else the period had', () => {
    const after = [entry('expiry', -300n), entry('plan_allocation', 2000n), entry('expiry', -7n)];
    expect(creditsOfInvoice([month, ...after], keys)).toEqual({
      granted: 500n,
      lapsed: 300n,
      current: false,
    });
    const both = [entry('plan_allocation', 500n), upgrade, ...after];
    expect(creditsOfInvoice(both, { ...keys, allocation: null })).toMatchObject({ granted: 1500n, lapsed: 225n });
  });

  it('have lapsed as well as far as they were taken when the plan ended', () => {
    expect(creditsOfInvoice([month, entry('plan_adjustment', -390n)], keys)).toEqual({
      granted: 500n,
      lapsed: 390n,
      current: true,
    });
  });

  it('end with the period although nothing was left to expire', () => {
    expect(creditsOfInvoice([month, entry('plan_allocation', 500n)], keys)).toMatchObject({
      current: false,
      lapsed: 0n,
    });
  });

  it('are none for an invoice that had no effect here', () => {
    expect(creditsOfInvoice([entry('plan_allocation', 10n)], keys)).toEqual({
      granted: 0n,
      lapsed: 0n,
      current: false,
    });
    expect(creditsOfInvoice([], { ...keys, allocation: null })).toMatchObject({ granted: 0n });
  });
});

it('an invoice brought credits to welcome where it led to a plan for the first time', () => {
  const other = entry('plan_adjustment', 490n, 'upgrade:in_1:pro');
  const entries = [entry('plan_allocation', 10n), other, { ...welcome, bonusDelta: 25n }, upgrade, welcome, month];
  expect(welcomeOfInvoice(entries, 'upgrade:in_1:')).toBe(25n);
  expect(welcomeOfInvoice(entries, 'upgrade:in_2:')).toBe(50n);
  expect(welcomeOfInvoice(entries, 'upgrade:in_3:')).toBe(0n);
  expect(welcomeOfInvoice([other, welcome, upgrade, month], 'upgrade:in_2:')).toBe(0n);
});

it.each([
  [0, 0n],
  [1, 1n],
  [1450, 250n],
  [2899, 500n],
  [2900, 500n],
  [5000, 500n],
])('%i of 2900 cents are %s of 500 credits', (cents, expected) => {
  expect(shareOfInvoice(500n, cents, 2900)).toBe(expected);
});
