import 'server-only';
import { z } from 'zod';
import { criterionSchema, newFileSchema } from '@/server/agents/schema';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { viewTimeline } from '@/server/projects/view-timeline';
import { answerQuestions, answersSchema } from '@/server/runs/chat/answer-questions';
import { commandRun, resumeRun } from '@/server/runs/engine/command-run';
import { refineTask } from '@/server/runs/engine/refine-task';
import { refineChoiceSchema } from '@/server/runs/stream/schema';
import { trackedEvents } from '../tracked-events';
import { memberProcedure, router } from '../trpc';
import { actorOf, projectInput } from './shared';

const editedTask = z.object({
  title: z.string().trim().min(1).max(200),
  why: z.string().max(2000),
  criteria: z.array(criterionSchema).min(1).max(20),
  files: z.array(newFileSchema).max(100),
});

export const runsRouter = router({
  answer: memberProcedure
    .input(projectInput.extend({ answers: answersSchema }))
    .mutation(({ ctx, input }) => answerQuestions(actorOf(ctx.caller, input), input.answers)),
  stop: memberProcedure
    .input(projectInput)
    .mutation(({ ctx, input }) => commandRun(actorOf(ctx.caller, input), 'stop')),
  pause: memberProcedure
    .input(projectInput)
    .mutation(({ ctx, input }) => commandRun(actorOf(ctx.caller, input), 'pause')),
  resume: memberProcedure.input(projectInput).mutation(({ ctx, input }) => resumeRun(actorOf(ctx.caller, input))),
  refine: memberProcedure
    .input(
      projectInput.extend({
        taskKey: z.string().max(20),
        choice: refineChoiceSchema,
        note: z.string().max(8000).optional(),
        task: editedTask.optional(),
      }),
    )
    .mutation(({ ctx, input }) => refineTask(actorOf(ctx.caller, input), input)),
  timeline: memberProcedure
    .input(projectInput.extend({ cursor: z.string().max(64).nullish() }))
    .query(({ ctx, input }) => viewTimeline(actorOf(ctx.caller, input), input.cursor ?? null)),
  events: memberProcedure
    .input(
      projectInput.extend({
        lastEventId: z
          .string()
          .regex(/^\d{1,9}$/)
          .nullish(),
      }),
    )
    .subscription(async ({ ctx, input, signal }) => {
      const { organizationId } = ctx.caller;
      // Everything that can fail, fails before the stream opens.
      if ((await db().project.count({ where: { id: input.projectId, organizationId } })) === 0)
        throw notFound('Project');
      const afterSeq = Number(input.lastEventId ?? 0);
      return trackedEvents(ctx.caller, {
        organizationId,
        projectId: input.projectId,
        afterSeq,
        signal: signal ?? new AbortController().signal,
      });
    }),
});
