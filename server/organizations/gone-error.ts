import 'server-only';
import { z } from 'zod';
import { Prisma } from '@/prisma/generated/client';
import { type AppError, notFound } from '@/server/platform/errors';

/** Constraints of migration 20261121000600: what a deleted organization or person can no longer be given. */
const violation = z.object({
  driverAdapterError: z.object({
    cause: z.object({ constraint: z.object({ index: z.enum(['organization_must_be_open', 'member_must_exist']) }) }),
  }),
});

/** The database's refusal to put something into a deleted organization, as `not_found`; else null. */
export function goneError(error: unknown): AppError | null {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2003') return null;
  const parsed = violation.safeParse(error.meta);
  if (!parsed.success) return null;
  return notFound(
    parsed.data.driverAdapterError.cause.constraint.index === 'member_must_exist' ? 'User' : 'Organization',
  );
}
