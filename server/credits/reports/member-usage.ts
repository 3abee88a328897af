import 'server-only';
import { db } from '@/server/platform/db';

/**
 * Micro-credits each member has used in the present period: charged, less what was given back, plus what is held for them
 * now: exactly what their budget is measured by.
 */
export async function memberUsage(organizationId: string): Promise<Map<string, bigint>> {
  const rows = await db().$queryRaw<{ userId: string; used: bigint }[]>`
    SELECT m."userId", get_member_committed(m."organizationId", m."userId", b."periodStart") AS used
    FROM "Membership" m JOIN "CreditBalance" b ON b."organizationId" = m."organizationId"
    WHERE m."organizationId" = ${organizationId}`;
  return new Map(rows.map(({ userId, used }) => [userId, used]));
}
