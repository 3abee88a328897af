/** What an operator types, read strictly: an amount that is not understood is refused, never guessed. */

import { exactCredits } from '@/server/credits/schema';

/** `9.99` dollars -> 999 cents; null when it is not an amount from 0 to 10,000 dollars in whole cents. */
export function parseUsd(text: string): number | null {
  const match = /^(\d{1,5})(?:[.,](\d{1,2}))?$/.exec(text.trim());
  if (match === null) return null;
  const cents = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  return cents <= 1_000_000 ? cents : null;
}

/** What is wrong with an amount of dollars as it was typed; undefined when `parseUsd` reads it. */
export function usdProblem(text: string): string | undefined {
  if (parseUsd(text) !== null) return undefined;
  return /^\d+(?:[.,]\d{1,2})?$/.test(text.trim()) ? 'At most 10,000 dollars.' : 'Write dollars such as 29 or 29.00.';
}

/** 999 cents -> `9.99`, what `parseUsd` reads back. */
export function usdText(cents: number): string {
  return `${Math.floor(cents / 100)}.${(cents % 100).toString().padStart(2, '0')}`;
}

/** A `datetime-local` value taken as UTC -> ISO; null when it is no moment. */
export function utcMoment(value: string): string | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value)) return null;
  const date = new Date(`${value.length === 16 ? `${value}:00` : value}Z`);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** A moment as a `datetime-local` value in UTC, to the minute. */
export function utcField(date: Date): string {
  return date.toISOString().slice(0, 16);
}

/** `{ due: 3, graceEnded: 2 }` -> `due 3, grace ended 2`. */
export function describeResult(result: unknown): string {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return '';
  return Object.entries(result)
    .map(([name, value]) => `${words(name)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Why this much cannot be taken from a bonus balance by hand; null when it can. All micro-credits. */
export function takeProblem(bonus: bigint, wanted: bigint): string | null {
  if (wanted <= bonus) return null;
  return bonus > 0n
    ? `At most ${exactCredits(bonus)}: more bonus credits are not there.`
    : 'There are no bonus credits to take.';
}

/** What a price from a moment on (absent: at once) changes, when it is added at `present`; `until`: when the next one takes over. */
export function priceEffect(from: Date | null, until: Date | null, present: Date): string {
  const kept = 'What was charged before stays, and receipts keep their price.';
  if (until !== null && until <= present) return `Nothing from now on: a later price is in force. ${kept}`;
  const start = from === null || from <= present ? 'now' : 'then';
  return `Every quote and every charge of this model from ${start} on. ${kept}`;
}

/** Whether a price is ten times the other or more, or became or was nothing: what a slipped decimal point looks like. */
export function isLargeChange(before: bigint, after: bigint): boolean {
  if (before === after) return false;
  const [small, large] = before < after ? [before, after] : [after, before];
  return large >= small * 10n;
}
