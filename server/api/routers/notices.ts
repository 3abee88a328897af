import 'server-only';
import { z } from 'zod';
import { dismissNotice, openNotices, setNotices } from '@/server/credits/reports/notices';
import { db } from '@/server/platform/db';
import { adminProcedure, memberProcedure, router } from '../trpc';

export const noticesRouter = router({
  open: memberProcedure.query(({ ctx }) => openNotices(ctx.caller)),
  dismiss: memberProcedure
    .input(z.object({ id: z.string().max(64) }))
    .mutation(({ ctx, input }) => dismissNotice(ctx.caller, input.id)),
  enabled: memberProcedure.query(async ({ ctx }) => {
    const { notices } = await db().organization.findUniqueOrThrow({
      where: { id: ctx.caller.organizationId },
      select: { notices: true },
    });
    return { enabled: notices };
  }),
  setEnabled: adminProcedure
    .input(z.object({ enabled: z.boolean() }))
    .mutation(({ ctx, input }) => setNotices(ctx.caller.organizationId, input.enabled)),
});
