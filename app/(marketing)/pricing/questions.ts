/** What people ask about money, answered as the ledger does it. */
export function questions({ ownKeyFeePercent }: { ownKeyFeePercent: number }): { question: string; answer: string }[] {
  const fee =
    ownKeyFeePercent === 0
      ? 'Calls with it cost no credits.'
      : `Calls with it cost ${ownKeyFeePercent} % of their price in credits.`;
  return [
    {
      question: 'Do credits expire?',
      answer:
        'Monthly credits do: each period begins with a fresh allocation. Bought, welcome and other bonus credits stay until they are used. Monthly ones are used first.',
    },
    {
      question: 'Can a run cost more than its quote?',
      answer:
        'You pay what the calls really cost. The upper figure of a quote is set aside before a call and what is not needed comes back at once. A budget for the project holds even in the middle of a call.',
    },
    {
      question: 'What if the credits run out?',
      answer:
        'The run pauses and keeps every finished step. It says what is missing and goes on after a top-up, an upgrade or the next month.',
    },
    {
      question: 'What happens when I change the plan?',
      answer:
        'A larger plan counts at once: you pay the difference for the rest of the period and get the difference in credits. A smaller plan, or none, begins when the period ends; until then nothing changes.',
    },
    {
      question: 'May I use my own provider key?',
      answer: `Yes, an owner can store one. ${fee} They are logged with their true cost all the same.`,
    },
    {
      question: 'And teams?',
      answer:
        'A team shares one balance, and admins may set a monthly budget for each member. The free plan gives its monthly credits to personal workspaces only; a team needs a paid plan or a package.',
    },
  ];
}
