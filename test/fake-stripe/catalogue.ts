/** Products and prices. */
import Stripe from 'stripe';
import { z } from 'zod';
import { badRequest } from './errors';
import { bool, createdRange, emptyable, ignored, integer, mergeMetadata, metadata, paging, text } from './params';
import { page, type Route, route, within } from './router';
import { get, idOf, type Store } from './store';

const amount = integer.pipe(z.number().min(0).max(99_999_999));
const currency = text.regex(/^[a-zA-Z]{3}$/).transform((code) => code.toLowerCase());
const recurring = z.strictObject({
  interval: z.enum(['day', 'week', 'month', 'year']),
  interval_count: integer.pipe(z.number().min(1).max(12)).default(1),
  usage_type: z.literal('licensed').optional(),
});
const productData = z.strictObject({
  name: text.min(1),
  description: emptyable.optional(),
  metadata: metadata.optional(),
  images: ignored.optional(),
  tax_code: ignored.optional(),
  statement_descriptor: ignored.optional(),
  unit_label: ignored.optional(),
  active: bool.optional(),
});

/** A price given in place. */
export const priceData = z.strictObject({
  currency,
  unit_amount: amount,
  product: text.optional(),
  product_data: productData.optional(),
  recurring: recurring.optional(),
  tax_behavior: ignored.optional(),
});

const priceCreate = priceData.extend({
  active: bool.default(true),
  lookup_key: text.max(200).optional(),
  transfer_lookup_key: bool.default(false),
  nickname: text.optional(),
  metadata: metadata.optional(),
  billing_scheme: z.literal('per_unit').optional(),
});

const priceList = z.strictObject({
  ...paging,
  active: bool.optional(),
  currency: currency.optional(),
  product: text.optional(),
  type: z.enum(['one_time', 'recurring']).optional(),
  lookup_keys: z.array(text).max(10).optional(),
  recurring: z.strictObject({ interval: text.optional(), usage_type: ignored.optional() }).optional(),
  created: createdRange.optional(),
});

export function catalogRoutes(store: Store): Route[] {
  return [...productRoutes(store), ...priceRoutes(store)];
}

function productRoutes(store: Store): Route[] {
  const create = productData.extend({ id: text.optional(), url: ignored.optional(), shippable: ignored.optional() });
  return [
    route('POST', 'products', create, (params) => createProduct(store, params)),
    route('GET', 'products/:id', z.strictObject({}), (_, id = '') => get(store.products, 'product', id)),
    route('POST', 'products/:id', productData.partial(), (params, id = '') => {
      const product = get(store.products, 'product', id);
      store.change(product, 'product.updated', () => {
        if (params.name !== undefined) product.name = params.name;
        if (params.description !== undefined) product.description = params.description;
        if (params.active !== undefined) product.active = params.active;
        product.metadata = mergeMetadata(product.metadata, params.metadata);
      });
      return product;
    }),
    route(
      'GET',
      'products',
      z.strictObject({ ...paging, active: bool.optional(), ids: z.array(text).optional() }),
      (params) => {
        const found = [...store.products.values()].filter(
          (product) =>
            (params.active === undefined || product.active === params.active) &&
            (params.ids === undefined || params.ids.includes(product.id)),
        );
        return page('/v1/products', found, params);
      },
    ),
  ];
}

function priceRoutes(store: Store): Route[] {
  const update = z.strictObject({
    active: bool.optional(),
    nickname: text.optional(),
    metadata: metadata.optional(),
    lookup_key: text.max(200).optional(),
    transfer_lookup_key: bool.default(false),
  });
  return [
    route('POST', 'prices', priceCreate, (params) => createPrice(store, params)),
    route('GET', 'prices/:id', z.strictObject({}), (_, id = '') => get(store.prices, 'price', id)),
    route('POST', 'prices/:id', update, (params, id = '') => {
      const price = get(store.prices, 'price', id);
      if (params.lookup_key !== undefined && params.lookup_key !== price.lookup_key) {
        takeLookupKey(store, params.lookup_key, params.transfer_lookup_key);
      }
      store.change(price, 'price.updated', () => {
        if (params.active !== undefined) price.active = params.active;
        if (params.nickname !== undefined) price.nickname = params.nickname;
        if (params.lookup_key !== undefined) price.lookup_key = params.lookup_key;
        price.metadata = mergeMetadata(price.metadata, params.metadata);
      });
      return price;
    }),
    route('GET', 'prices', priceList, (params) => page('/v1/prices', listPrices(store, params), params)),
  ];
}

function listPrices(store: Store, params: z.output<typeof priceList>): Stripe.Price[] {
  const wants = <T>(wanted: T | undefined, is: T): boolean => wanted === undefined || wanted === is;
  return [...store.prices.values()].filter(
    (price) =>
      wants(params.active, price.active) &&
      wants(params.currency, price.currency) &&
      wants(params.type, price.type) &&
      wants(params.product, String(price.product)) &&
      wants(params.recurring?.interval, String(price.recurring?.interval)) &&
      (params.lookup_keys === undefined || params.lookup_keys.includes(price.lookup_key ?? '')) &&
      within(price.created, params.created),
  );
}

function createProduct(
  store: Store,
  params: z.output<typeof productData> & { id?: string | undefined },
): Stripe.Product {
  const id = params.id ?? store.id('prod');
  if (store.products.has(id))
    throw badRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' });
  const product: Stripe.Product = {
    id,
    object: 'product',
    active: params.active ?? true,
    created: store.now(),
    default_price: null,
    description: params.description ?? null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: mergeMetadata({}, params.metadata),
    name: params.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: store.now(),
    url: null,
  };
  store.products.set(id, product);
  store.emit('product.created', product);
  return product;
}

type PriceInput = z.output<typeof priceData> & Partial<z.output<typeof priceCreate>>;

/** Creates a price, with its product if that is given in place. */
export function createPrice(store: Store, params: PriceInput): Stripe.Price {
  if (params.lookup_key !== undefined) takeLookupKey(store, params.lookup_key, params.transfer_lookup_key ?? false);
  const price: Stripe.Price = {
    id: store.id('price'),
    object: 'price',
    active: params.active ?? true,
    billing_scheme: 'per_unit',
    created: store.now(),
    currency: params.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: params.lookup_key ?? null,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
    product: productOf(store, params),
    recurring:
      params.recurring === undefined
        ? null
        : {
            interval: params.recurring.interval,
            interval_count: params.recurring.interval_count,
            meter: null,
            trial_period_days: null,
            usage_type: 'licensed',
          },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: params.recurring === undefined ? 'one_time' : 'recurring',
    unit_amount: params.unit_amount,
    unit_amount_decimal: Stripe.Decimal.from(params.unit_amount),
  };
  store.prices.set(price.id, price);
  store.emit('price.created', price);
  return price;
}

/** Stripe sells neither an archived price nor one of an archived product. */
export function checkSellable(store: Store, price: Stripe.Price, param: string): void {
  if (!price.active)
    throw badRequest('The price specified is inactive. This field only accepts active prices.', { param });
  const product = store.products.get(idOf(price.product) ?? '');
  if (product?.active === false)
    throw badRequest(`Price \`${price.id}\` is not available to be purchased because its product is not active.`, {
      param,
    });
}

function productOf(store: Store, params: PriceInput): string {
  if (params.product !== undefined) return get(store.products, 'product', params.product, 'product').id;
  if (params.product_data !== undefined) return createProduct(store, params.product_data).id;
  throw badRequest('You must specify either `product` or `product_data` when creating a price.', {
    code: 'parameter_missing',
    param: 'product',
  });
}

/** A lookup key names one price at a time. */
function takeLookupKey(store: Store, key: string, transfer: boolean): void {
  const holder = [...store.prices.values()].find((price) => price.lookup_key === key);
  if (holder === undefined) return;
  if (!transfer) {
    throw badRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, {
      code: 'resource_already_exists',
      param: 'lookup_key',
    });
  }
  store.change(holder, 'price.updated', () => {
    holder.lookup_key = null;
  });
}
