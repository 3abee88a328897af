import { z } from 'zod';
import { isLocalPath } from '@/server/billing/schema';

/** What leads here may name a plan to change to and the page to lead back to; anything else is dropped. */
const querySchema = z.object({
  plan: z
    .string()
    .regex(/^[\w-]{1,40}$/)
    .optional()
    .catch(undefined),
  returnTo: z.string().max(500).refine(isLocalPath).optional().catch(undefined),
});

export type BillingSearch = Promise<Record<string, string | string[] | undefined>>;

export async function billingQuery(search: BillingSearch): Promise<{ plan: string | null; returnTo: string | null }> {
  const { plan, returnTo } = querySchema.parse(await search);
  return { plan: plan ?? null, returnTo: returnTo ?? null };
}
