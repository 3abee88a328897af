/** What moves the balance of this account: charges, refunds, and what banks withdraw and return. */
import type Stripe from 'stripe';
import { z } from 'zod';
import { paging, text } from './params';
import { page, type Route, route } from './router';
import { get, idOf, type Store } from './store';

export function balanceRoutes(store: Store): Route[] {
  const list = z.strictObject({ ...paging, source: text.optional(), type: text.optional() });
  return [
    route('GET', 'balance_transactions/:id', z.strictObject({}), (_, id = '') =>
      get(store.balanceTransactions, 'balance_transaction', id),
    ),
    route('GET', 'balance_transactions', list, (params) => {
      const found = [...store.balanceTransactions.values()].filter(
        (booking) =>
          (params.source === undefined || booking.source === params.source) &&
          (params.type === undefined || booking.type === params.type),
      );
      return page('/v1/balance_transactions', found, params);
    }),
  ];
}

export interface NewBooking {
  /** Minor units of the charge's currency; below zero: the account pays. */
  amount: number;
  fee?: number;
  type: 'charge' | 'refund' | 'refund_failure' | 'adjustment';
  /** The charge, refund or dispute. */
  source: string;
  of: { currency: string; customer: Stripe.Charge['customer'] };
}

/** Books an amount, converted to the currency of the balance where that is another one. */
export function book(store: Store, { amount, fee = 0, type, source, of }: NewBooking): Stripe.BalanceTransaction {
  const at = store.now(idOf(of.customer));
  const { currency, rate } = store.settlement ?? { currency: of.currency, rate: 1 };
  const converted = Math.round(amount * rate);
  const booking: Stripe.BalanceTransaction = {
    id: store.id('txn'),
    object: 'balance_transaction',
    amount: converted,
    available_on: at,
    balance_type: 'payments',
    created: at,
    currency,
    description: null,
    exchange_rate: currency === of.currency ? null : rate,
    fee,
    fee_details: [],
    net: converted - fee,
    reporting_category: type === 'adjustment' ? (amount < 0 ? 'dispute' : 'dispute_reversal') : type,
    source,
    status: 'available',
    type,
  };
  store.balanceTransactions.set(booking.id, booking);
  return booking;
}
