/** Events in the thin form of Stripe's second API: no `data`, times as text, and a link to what they are about. */
import type { Store } from './store';

export interface ThinEvent {
  id: string;
  object: 'v2.core.event';
  type: string;
  created: string;
  livemode: false;
  context: null;
  reason: null;
  related_object: { id: string; type: string; url: string } | null;
}

export function thinEvent(store: Store, type: string, about?: { id: string; type: string }): ThinEvent {
  return {
    id: store.id('evt'),
    object: 'v2.core.event',
    type,
    created: new Date(store.now() * 1000).toISOString(),
    livemode: false,
    context: null,
    reason: null,
    related_object:
      about === undefined ? null : { ...about, url: `/v1/${about.type.replaceAll('.', '/')}s/${about.id}` },
  };
}
