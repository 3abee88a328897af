/** What a person is told when their plan, budget or balance refuses a call. `platform/errors.ts` has the general sentence of each code. */

export const refusalSentence = {
  capability: (plan: string) => `The ${plan} plan does not include this. See the plans under Plan and billing.`,
  quality: (plan: string, quality: string) =>
    `The ${plan} plan does not include ${quality} quality. Choose another quality, or see the plans under Plan and billing.`,
  model: (plan: string, model: string, quality: string) =>
    `The ${plan} plan does not include ${model} at ${quality} quality. Choose another model, or see the plans under Plan and billing.`,
  /** A call that was about to be made; its run goes on later. */
  tooManyCalls: 'Too many requests in a short time. It goes on by itself in a moment.',
  /** Work that has not begun. */
  tooManyRequests: 'The plan’s limit of requests is reached for now.',
  ownBudget: 'Your own monthly budget in this organization does not cover it.',
  ownBudgetForStep: 'Your budget for this month does not cover the next step. An admin of the team can raise it.',
  credits: 'There are not enough credits for it.',
  creditsForStep: 'There are not enough credits left for the next step. Add credits, or wait for the monthly ones.',
} as const;
