import 'server-only';
import type { PlanWish } from '@/server/billing/checkout/open-subscription-checkout';
import { changePlan } from './change-plan';

/**
 * The page on which to go on to a paid plan: Stripe's payment page, or, where nothing is left to pay now, the page that
 * says so. @throws as `changePlan`
 */
export async function startSubscription(wish: PlanWish): Promise<{ url: string }> {
  const { url } = await changePlan(wish);
  if (url !== null) return { url };
  const query = new URLSearchParams({ plan: wish.planId, ...(wish.returnTo ? { returnTo: wish.returnTo } : {}) });
  return { url: `/checkout/success?${query}` };
}
