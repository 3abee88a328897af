export interface PlanSize {
  monthlyMicro: bigint;
  position: number;
}

/** Which plan is the larger one: by its credits a month, and where these are the same by its place in the list. As the ledger. */
export function isLarger(plan: PlanSize, than: PlanSize): boolean {
  if (plan.monthlyMicro !== than.monthlyMicro) return plan.monthlyMicro > than.monthlyMicro;
  return plan.position > than.position;
}
