import 'server-only';
import { embedTexts } from '@/server/models/gateway/embed';
import type { EventScope } from '@/server/runs/stream/event-log';

/**
 * The metered embedding call of a project, for an embedder that is a provider's.
 * @param userId for whom it is held and booked: their budget covers it too
 */
export function embedderOf({ organizationId, projectId }: EventScope, userId: string | null) {
  return (ref: string) => (texts: string[], signal?: AbortSignal) =>
    embedTexts({ organizationId, projectId, userId }, ref, texts, signal);
}
