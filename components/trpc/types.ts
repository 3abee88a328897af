import type { inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from '@/server/api/root';

export type Outputs = inferRouterOutputs<AppRouter>;
export type ProjectView = Outputs['projects']['get'];
export type TaskView = ProjectView['tasks'][number];
export type Timeline = Outputs['runs']['timeline'];
export type TimelineStep = Timeline['steps'][number];
export type TimelineCheck = Timeline['checks'][number];
export type TimelineReview = Timeline['reviews'][number];
export type ChatList = Outputs['chat']['list'];
export type Me = Outputs['account']['me'];
