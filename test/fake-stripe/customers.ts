/** Customers. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { createdRange, emptyable, ignored, mergeMetadata, metadata, paging, text } from './params';
import { page, type Route, route, within } from './router';
import { get, idOf, type Store } from './store';
import { endSubscription } from './subscriptions';

const fields = {
  email: emptyable.optional(),
  name: emptyable.optional(),
  phone: emptyable.optional(),
  description: emptyable.optional(),
  metadata: metadata.optional(),
  preferred_locales: ignored.optional(),
  tax_exempt: ignored.optional(),
  address: ignored.optional(),
};

export function customerRoutes(store: Store): Route[] {
  return [
    route('POST', 'customers', z.strictObject(fields), (params) => {
      const customer = createCustomer(store, params);
      customer.metadata = mergeMetadata({}, params.metadata);
      store.emit('customer.created', customer);
      return customer;
    }),
    route('GET', 'customers/:id', z.strictObject({}), (_, id = '') => get(store.customers, 'customer', id)),
    route('POST', 'customers/:id', z.strictObject(fields), (params, id = '') => {
      const customer = get(store.customers, 'customer', id);
      store.change(customer, 'customer.updated', () => {
        if (params.email !== undefined) customer.email = params.email;
        if (params.name !== undefined) customer.name = params.name;
        if (params.phone !== undefined) customer.phone = params.phone;
        if (params.description !== undefined) customer.description = params.description;
        customer.metadata = mergeMetadata(customer.metadata, params.metadata);
      });
      return customer;
    }),
    route('DELETE', 'customers/:id', z.strictObject({}), (_, id = '') => deleteCustomer(store, id)),
    route(
      'GET',
      'customers',
      z.strictObject({ ...paging, email: text.optional(), created: createdRange.optional() }),
      (params) => {
        const found = [...store.customers.values()].filter(
          (customer) =>
            (params.email === undefined || customer.email === params.email) && within(customer.created, params.created),
        );
        return page('/v1/customers', found, params);
      },
    ),
  ];
}

/** Its subscriptions end with it, and nothing can be done for it any more. */
function deleteCustomer(store: Store, id: string): Stripe.DeletedCustomer {
  const customer = get(store.customers, 'customer', id);
  for (const subscription of store.subscriptions.values()) {
    if (idOf(subscription.customer) === id && subscription.status !== 'canceled')
      endSubscription(store, subscription, 'cancellation_requested');
  }
  store.customers.delete(id);
  store.emit('customer.deleted', customer);
  return { id, object: 'customer', deleted: true };
}

interface NewCustomer {
  email?: string | null | undefined;
  name?: string | null | undefined;
  phone?: string | null | undefined;
  description?: string | null | undefined;
}

/** Stores a customer with a card that works; the caller records the event. */
export function createCustomer(store: Store, given: NewCustomer): Stripe.Customer {
  const id = store.id('cus');
  const customer: Stripe.Customer = {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created: store.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: given.description ?? null,
    discount: null,
    email: given.email ?? null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: given.name ?? null,
    next_invoice_sequence: 1,
    phone: given.phone ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
  store.customers.set(id, customer);
  return customer;
}
