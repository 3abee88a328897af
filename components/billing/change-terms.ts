import type { Outputs } from '@/components/trpc/types';
import { formatDate } from '@/components/ui/format';
import { formatUsd } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';

export type Overview = Outputs['billing']['overview'];
export type PlanOffer = Outputs['billing']['plans'][number];
export type Pricing = Outputs['catalogue']['pricing'];

export interface ChangeTerms {
  title: string;
  /** The button that does it. */
  action: string;
  terms: { name: string; text: string }[];
  /** What is no longer there afterwards, in whole phrases. */
  lost: string[];
}

/** What a plan has that people miss when it goes: qualities and limits. */
export function planFeatures(pricing: Pricing | undefined, planId: string): string[] {
  const plan = pricing?.plans.find(({ id }) => id === planId);
  if (pricing === undefined || plan === undefined) return [];
  const qualities = pricing.qualities
    .filter(({ id }) => plan.qualityIds.includes(id))
    .map(({ name }) => `${name} quality`);
  return [...qualities, limitsOf(plan)];
}

/** `30 requests a minute, 500 a day` for each kind of work. */
export function limitsOf(plan: { requestsPerMinute: number | null; requestsPerDay: number | null }): string {
  const { requestsPerMinute: minute, requestsPerDay: day } = plan;
  if (minute === null && day === null) return 'No limit on requests';
  if (minute === null) return `${day} requests a day`;
  return `${minute} requests a minute${day === null ? '' : `, ${day} a day`}`;
}

/** Everything a person must know before changing to a plan, in the order it is asked. */
export function changeTerms(
  offer: PlanOffer,
  { overview, pricing, isTeam }: { overview: Overview; pricing: Pricing | undefined; isTeam: boolean },
): ChangeTerms {
  const [before, after] = [planFeatures(pricing, overview.plan.id), planFeatures(pricing, offer.id)];
  const gained = after.filter((feature) => !before.includes(feature));
  const lost = before.filter((feature) => !after.includes(feature));
  return offer.change.kind === 'downgrade'
    ? downgradeTerms(offer, { overview, isTeam, lost })
    : upgradeTerms(offer, { overview, gained });
}

function upgradeTerms(offer: PlanOffer, { overview, gained }: { overview: Overview; gained: string[] }): ChangeTerms {
  const { change } = offer;
  const price = `${formatUsd(offer.priceUsdCents)} a month`;
  const terms = [
    { name: 'When', text: change.checkout ? 'As soon as the payment is confirmed' : 'At once' },
    {
      name: 'Credits now',
      text: `${formatCredits(change.creditsNowMicro)} more in this period, then ${formatCredits(offer.monthlyMicro)} a month`,
    },
  ];
  if (offer.welcomeMicro > 0n)
    terms.push({
      name: 'Welcome',
      text: `${formatCredits(offer.welcomeMicro)} credits on top, the first time on this plan`,
    });
  terms.push({ name: 'Due now', text: dueNow(offer, overview) });
  terms.push({ name: 'Then', text: overview.mock ? `Nothing (${price} outside of tests)` : price });
  if (gained.length > 0) terms.push({ name: 'You get', text: gained.join('; ') });
  if (overview.pending !== null)
    terms.push({
      name: 'Instead of',
      text: `the change to ${overview.pending.planName} on ${formatDate(overview.pending.from)}, which is dropped`,
    });
  return {
    title: `Upgrade to ${offer.name}`,
    action: change.checkout ? 'Go to payment' : `Upgrade to ${offer.name}`,
    terms,
    lost: [],
  };
}

function dueNow(offer: PlanOffer, overview: Overview): string {
  if (overview.mock) return 'Nothing: local test payments, no money moves';
  const amount = formatUsd(offer.change.dueNowCents);
  return offer.change.checkout
    ? `${amount}, on the payment page`
    : `About ${amount}: the difference for the rest of this period, from the payment method on file`;
}

function downgradeTerms(
  offer: PlanOffer,
  { overview, isTeam, lost }: { overview: Overview; isTeam: boolean; lost: string[] },
): ChangeTerms {
  const { at } = offer.change;
  const free = offer.priceUsdCents === 0;
  const terms = [
    {
      name: 'When',
      text:
        at === null
          ? 'At once, because the last payment failed. It is not tried again.'
          : `On ${formatDate(at)}. Until then you keep ${overview.plan.name} and its credits.`,
    },
    {
      name: 'Credits',
      text:
        free && isTeam
          ? `None a month from then on: the ${offer.name} plan gives its credits to personal workspaces only`
          : `${formatCredits(offer.monthlyMicro)} a month from then on, instead of ${formatCredits(overview.plan.monthlyMicro)}`,
    },
    { name: 'Kept', text: 'Bought and bonus credits, projects and files' },
    { name: 'Due now', text: 'Nothing' },
    { name: 'Then', text: free ? 'Nothing' : `${formatUsd(offer.priceUsdCents)} a month` },
  ];
  if (overview.pending !== null)
    terms.push({ name: 'Instead of', text: `the change to ${overview.pending.planName} that is planned now` });
  return {
    title: free ? `Cancel ${overview.plan.name}` : `Change to ${offer.name}`,
    action: `${free ? 'Cancel' : 'Change'} ${at === null ? 'now' : `on ${formatDate(at)}`}`,
    terms,
    lost: [
      at === null
        ? `monthly credits above those of the ${offer.name} plan`
        : `monthly credits that are unused on ${formatDate(at)}; they expire, as in every month`,
      ...lost,
    ],
  };
}
