import 'server-only';
import type { Prisma } from '@/prisma/generated/client';
import type { ScheduledJob } from '@/server/platform/queue';
import { noticeBalances, reconcileLedger, releaseStaleHolds, resetMonths } from './credits-upkeep';
import { changePlans } from './plan-changes';

/** What each scheduled job runs; the result is numbers for the operator page. */
export const HANDLERS: Record<ScheduledJob, () => Promise<Prisma.InputJsonObject>> = {
  'credits.reset': resetMonths,
  'plans.change': changePlans,
  'credits.holds': releaseStaleHolds,
  'credits.notices': noticeBalances,
  'ledger.reconcile': reconcileLedger,
};
