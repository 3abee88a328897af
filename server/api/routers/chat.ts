import 'server-only';
import { z } from 'zod';
import { editAndResend, sendMessage } from '@/server/runs/chat/send-message';
import { stopAnswer } from '@/server/runs/chat/stop-answer';
import { viewChat } from '@/server/runs/chat/view-chat';
import { memberProcedure, router } from '../trpc';
import { actorOf, projectInput } from './shared';

const text = z.string().trim().min(1).max(8000);

export const chatRouter = router({
  list: memberProcedure
    .input(
      projectInput.extend({
        cursor: z
          .string()
          .regex(/^\d{1,18}$/)
          .nullish(),
      }),
    )
    .query(({ ctx, input }) => viewChat(actorOf(ctx.caller, input), input.cursor ?? null)),
  send: memberProcedure
    .input(projectInput.extend({ text }))
    .mutation(async ({ ctx, input }) => ({ messageId: await sendMessage(actorOf(ctx.caller, input), input.text) })),
  editAndResend: memberProcedure
    .input(projectInput.extend({ messageId: z.string().max(64), text }))
    .mutation(async ({ ctx, input }) => ({
      messageId: await editAndResend(actorOf(ctx.caller, input), input.messageId, input.text),
    })),
  stop: memberProcedure.input(projectInput).mutation(({ ctx, input }) => stopAnswer(actorOf(ctx.caller, input))),
});
