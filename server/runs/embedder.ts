import 'server-only';
import { embedTexts } from '@/server/models/embed';
import type { EventScope } from './event-log';

/** The metered embedding call of a project, for an embedder that is a provider's. */
export function embedderOf(scope: EventScope) {
  return (ref: string) => (texts: string[], signal?: AbortSignal) => embedTexts(scope, ref, texts, signal);
}
