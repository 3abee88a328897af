import 'server-only';
import { z } from 'zod';
import { lastRefusal } from '@/server/billing/refusals';
import { addPackage, listCatalogue, updatePackage, updatePlan } from '@/server/credits/access/operate-offers';
import { auditLedger } from '@/server/credits/ledger/audit';
import { adjustAccount, listAccounts } from '@/server/credits/ledger/operate-accounts';
import {
  addPackageSchema,
  adjustSchema,
  updatePackageSchema,
  updatePlanSchema,
} from '@/server/credits/schema-operator';
import { addPrice, listModels, updateModel } from '@/server/models/catalogue/operate-models';
import { addPriceSchema, updateModelSchema } from '@/server/models/catalogue/schema-operator';
import { db } from '@/server/platform/db';
import { environmentWarnings } from '@/server/platform/env';
import { requestJob, viewJobs } from '@/server/platform/job-status';
import { SCHEDULED_JOBS } from '@/server/platform/queue';
import { forgetPricing } from '../cached-pricing';
import { operatorProcedure, router } from '../trpc';

/** Changes what the instance sells. */
const offerProcedure = operatorProcedure.use(async ({ next }) => {
  const result = await next();
  forgetPricing();
  return result;
});

/** Running the instance: only people named in OPERATOR_EMAILS. */
export const operatorRouter = router({
  warnings: operatorProcedure.query(() => environmentWarnings()),
  models: operatorProcedure.query(() => listModels()),
  addPrice: offerProcedure.input(addPriceSchema).mutation(({ ctx, input }) => addPrice(input, ctx.caller.userId)),
  updateModel: offerProcedure
    .input(updateModelSchema)
    .mutation(({ ctx, input }) => updateModel(input, ctx.caller.userId)),
  catalogue: operatorProcedure.query(() => listCatalogue()),
  addPackage: offerProcedure.input(addPackageSchema).mutation(({ ctx, input }) => addPackage(input, ctx.caller.userId)),
  updatePackage: offerProcedure
    .input(updatePackageSchema)
    .mutation(({ ctx, input }) => updatePackage(input, ctx.caller.userId)),
  updatePlan: offerProcedure.input(updatePlanSchema).mutation(({ ctx, input }) => updatePlan(input, ctx.caller.userId)),
  accounts: operatorProcedure
    .input(z.object({ search: z.string().trim().max(120).optional(), cursor: z.string().max(64).nullish() }))
    .query(({ input }) => listAccounts(input)),
  adjust: operatorProcedure.input(adjustSchema).mutation(({ ctx, input }) => adjustAccount(input, ctx.caller.userId)),
  /** What Stripe refused last: for the operator to mend. */
  paymentRefusal: operatorProcedure.query(() => lastRefusal()),
  jobs: operatorProcedure.query(() => viewJobs()),
  runJob: operatorProcedure
    .input(z.object({ name: z.enum(SCHEDULED_JOBS) }))
    .mutation(({ input }) => requestJob(input.name)),
  audit: operatorProcedure.query(async () => ({ differences: await auditLedger(db()) })),
});
