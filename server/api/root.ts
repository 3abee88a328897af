import 'server-only';
import { accountRouter, creditsRouter, modelsRouter, searchRouter } from './routers/account';
import { chatRouter } from './routers/chat';
import { filesRouter } from './routers/files';
import { planRouter } from './routers/plan';
import { projectsRouter } from './routers/projects';
import { runsRouter } from './routers/runs';
import { router } from './trpc';

export const appRouter = router({
  account: accountRouter,
  credits: creditsRouter,
  models: modelsRouter,
  projects: projectsRouter,
  plan: planRouter,
  runs: runsRouter,
  chat: chatRouter,
  files: filesRouter,
  search: searchRouter,
});

export type AppRouter = typeof appRouter;
