import { z } from 'zod';
import { isLocalPath } from '@/server/billing/schema';

const id = z
  .string()
  .regex(/^[\w-]{1,64}$/)
  .optional()
  .catch(undefined);

/** What the payment page sends back with; anything else than an id or a local path is dropped. */
const querySchema = z.object({
  purchase: id,
  plan: id,
  /** Whose plan it is. */
  organization: id,
  returnTo: z.string().max(500).refine(isLocalPath).optional().catch(undefined),
});

export type CheckoutSearch = Promise<Record<string, string | string[] | undefined>>;

export async function checkoutQuery(search: CheckoutSearch) {
  const { purchase, plan, organization, returnTo } = querySchema.parse(await search);
  return { purchase, plan, organization: organization ?? null, returnTo: returnTo ?? null };
}
