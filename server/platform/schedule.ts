import 'server-only';
import { CronExpressionParser } from 'cron-parser';
import type { ScheduledJob } from './queue';

/** What each scheduled job does, and when (cron, UTC). All are idempotent: running twice has the effect of running once. */
export const SCHEDULE: Record<ScheduledJob, { title: string; cron: string }> = {
  'credits.reset': { title: 'Monthly reset of credits, catching up after downtime', cron: '* * * * *' },
  'plans.change': {
    title: 'Plan changes at the period’s end, and unpaid subscriptions after their grace',
    cron: '*/5 * * * *',
  },
  'credits.holds': { title: 'Stale holds are given back', cron: '* * * * *' },
  'credits.notices': { title: 'Low-balance notices', cron: '*/10 * * * *' },
  'ledger.reconcile': { title: 'Every ledger invariant recomputed for every organization', cron: '17 * * * *' },
};

/** When a job runs next, from a moment on. */
export function nextRun(cron: string, from: Date): Date {
  return CronExpressionParser.parse(cron, { currentDate: from, tz: 'UTC' }).next().toDate();
}
