/** The log of events, as the API shows it. */
import { z } from 'zod';
import { createdRange, ignored, paging, text } from './params';
import { page, type Route, route, within } from './router';
import { get, type Store } from './store';

export function eventRoutes(store: Store): Route[] {
  const list = z.strictObject({
    ...paging,
    type: text.optional(),
    types: z.array(text).max(20).optional(),
    created: createdRange.optional(),
    delivery_success: ignored.optional(),
  });
  return [
    route('GET', 'events/:id', z.strictObject({}), (_, id = '') => get(store.events, 'event', id)),
    route('GET', 'events', list, (params) => {
      const found = [...store.events.values()].filter(
        (event) =>
          (params.type === undefined || fits(event.type, params.type)) &&
          (params.types === undefined || params.types.includes(event.type)) &&
          within(event.created, params.created),
      );
      return page('/v1/events', found, params);
    }),
  ];
}

/** `invoice.*` stands for every type that begins with `invoice.`. */
function fits(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}
