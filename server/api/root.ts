import 'server-only';
import { accessRouter, keysRouter } from './routers/access';
import { accountRouter, modelsRouter, searchRouter } from './routers/account';
import { billingRouter } from './routers/billing';
import { catalogueRouter } from './routers/catalogue';
import { chatRouter } from './routers/chat';
import { creditsRouter } from './routers/credits';
import { filesRouter } from './routers/files';
import { noticesRouter } from './routers/notices';
import { operatorRouter } from './routers/operator';
import { organizationsRouter } from './routers/organizations';
import { planRouter } from './routers/plan';
import { projectsRouter } from './routers/projects';
import { runsRouter } from './routers/runs';
import { router } from './trpc';

export const appRouter = router({
  account: accountRouter,
  organizations: organizationsRouter,
  credits: creditsRouter,
  models: modelsRouter,
  access: accessRouter,
  keys: keysRouter,
  notices: noticesRouter,
  projects: projectsRouter,
  plan: planRouter,
  runs: runsRouter,
  chat: chatRouter,
  files: filesRouter,
  search: searchRouter,
  billing: billingRouter,
  catalogue: catalogueRouter,
  operator: operatorRouter,
});

export type AppRouter = typeof appRouter;
