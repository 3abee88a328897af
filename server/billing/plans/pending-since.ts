/**
 * When a planned change of plan takes effect. After a failed payment the period that was paid for may be over already: then
 * the plan stays until its grace is.
 */
export function pendingSince(row: {
  status: string;
  pendingFrom: Date | null;
  periodEnd: Date;
  graceUntil: Date | null;
}): Date {
  const from = row.pendingFrom ?? row.periodEnd;
  return row.status === 'past_due' && row.graceUntil !== null && row.graceUntil > from ? row.graceUntil : from;
}
