import 'server-only';
import { cachedPricing } from '../cached-pricing';
import { publicProcedure, router } from '../trpc';

/** What the instance sells, for anyone to read. */
export const catalogueRouter = router({
  pricing: publicProcedure.query(() => cachedPricing()),
});
