import 'server-only';
import { db } from '@/server/platform/db';
import { AppError } from '@/server/platform/errors';

/**
 * A page acts only for the organization it shows. A person chooses one for all their windows, so a window that was open
 * before still shows another. `shown`: what the page says it shows; null, for programs, is what the person chose.
 *
 * @throws AppError `organization_changed`; its details name the organization (`organization`) and the one of the page
 *   (`shown`), which is null for a person who no longer belongs to it.
 */
export async function confirmOrganization(
  { userId, organizationId }: { userId: string; organizationId: string },
  shown: string | null,
): Promise<void> {
  if (shown === null || shown === organizationId) return;
  const memberships = await db().membership.findMany({
    where: { userId },
    select: { organization: { select: { id: true, name: true } } },
  });
  const nameOf = (wanted: string) => memberships.find(({ organization: { id } }) => id === wanted)?.organization.name;
  const now = nameOf(organizationId) ?? null;
  const before = nameOf(shown) ?? null;
  throw new AppError('organization_changed', `the page shows ${shown}, chosen is ${organizationId}`, {
    userMessage: `This page shows ${before === null ? 'an organization that you do not belong to' : `“${before}”`}, but you work in ${
      now === null ? 'another one' : `“${now}”`
    } now. Nothing was changed. Reload the page.`,
    details: { organization: now, shown: before },
  });
}
