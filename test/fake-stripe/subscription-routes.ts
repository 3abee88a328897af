/** Calls about subscriptions. */
import { z } from 'zod';
import { badRequest } from './errors';
import { page, type Route, route } from './router';
import { get, idOf, type Store } from './store';
import { subscriptionCancel, subscriptionList, subscriptionUpdate } from './subscription-params';
import { endSubscription, updateSubscription } from './subscriptions';

export function subscriptionRoutes(store: Store): Route[] {
  const find = (id: string) => get(store.subscriptions, 'subscription', id);
  return [
    route('GET', 'subscriptions/:id', z.strictObject({}), (_, id = '') => find(id)),
    route('POST', 'subscriptions/:id', subscriptionUpdate, (params, id = '') =>
      updateSubscription(store, find(id), params),
    ),
    route('DELETE', 'subscriptions/:id', subscriptionCancel, (params, id = '') => {
      const subscription = find(id);
      if (subscription.status === 'canceled') {
        throw badRequest(`No such subscription: '${id}'`, { code: 'resource_missing', param: 'id' });
      }
      return endSubscription(store, subscription, 'cancellation_requested', { prorate: params.prorate });
    }),
    route('GET', 'subscriptions', subscriptionList, (params) => {
      if (params.customer !== undefined) get(store.customers, 'customer', params.customer, 'customer');
      const found = [...store.subscriptions.values()].filter(
        (subscription) =>
          (params.customer === undefined || idOf(subscription.customer) === params.customer) &&
          (params.price === undefined || subscription.items.data.some((item) => item.price.id === params.price)) &&
          // Stripe leaves canceled ones out unless they are asked for.
          (params.status === undefined
            ? subscription.status !== 'canceled'
            : params.status === 'all' || subscription.status === params.status),
      );
      return page('/v1/subscriptions', found, params);
    }),
  ];
}
