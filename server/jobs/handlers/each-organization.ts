import 'server-only';
import { logger } from '@/server/platform/logger';

/**
 * Does something for each organization in turn. One that fails does not keep the others waiting; when all have had their turn
 * the failure is thrown, so that the operator page shows it.
 * @returns how often `work` had an effect
 * @throws Error that names the organizations it failed for
 */
export async function eachOrganization(
  organizationIds: readonly string[],
  work: (organizationId: string) => Promise<boolean>,
): Promise<number> {
  let effects = 0;
  const failures: { organizationId: string; error: unknown }[] = [];
  for (const organizationId of organizationIds) {
    try {
      if (await work(organizationId)) effects++;
    } catch (error) {
      logger().error({ err: error, organizationId }, 'a scheduled job failed for an organization');
      failures.push({ organizationId, error });
    }
  }
  const [first] = failures;
  if (first !== undefined) {
    const names = failures.slice(0, 5).map(({ organizationId }) => organizationId);
    const reason = first.error instanceof Error ? first.error.message : String(first.error);
    throw new Error(`${failures.length} organizations failed (${names.join(', ')}): ${reason}`, { cause: first.error });
  }
  return effects;
}
