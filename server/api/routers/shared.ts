import 'server-only';
import { z } from 'zod';
import type { Actor } from '@/server/runs/engine/actor';
import type { Caller } from '../trpc';

export const projectInput = z.object({ projectId: z.string().min(1).max(64) });
export const budgetSchema = z.bigint().min(0n).max(1_000_000_000_000n).nullable();

export function actorOf(caller: Caller, { projectId }: { projectId: string }): Actor {
  return { organizationId: caller.organizationId, userId: caller.userId, projectId };
}
