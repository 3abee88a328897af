import 'server-only';
import { listPackages } from '@/server/billing/plans/list-offers';
import { viewPricing } from '@/server/models/view-pricing';
import { publicProcedure, router } from '../trpc';

/** What the instance sells, for anyone to read. */
export const catalogueRouter = router({
  pricing: publicProcedure.query(async () => {
    const [pricing, packages] = await Promise.all([viewPricing(), listPackages()]);
    return { ...pricing, packages };
  }),
});
