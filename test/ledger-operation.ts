import 'server-only';

/** `at` and other times are milliseconds; `n` is an amount in micro-credits; `key` and `id` are unique. */
export type Operation = { at: number; org: string } & (
  | { kind: 'reserve'; id: string; key: string; n: bigint; ttl: number; user: string | null }
  | { kind: 'renew'; hold: string; ttl: number }
  | { kind: 'settle'; hold: string; n: bigint; call: string }
  | { kind: 'release' | 'expire'; hold: string }
  | { kind: 'grant'; entry: 'topup_purchase' | 'promo_bonus' | 'manual_adjustment'; n: bigint; key: string }
  | { kind: 'clawback'; n: bigint; key: string }
  | { kind: 'refund'; call: string }
  | { kind: 'upgrade' | 'move'; plan: string; key: string }
  | { kind: 'schedule'; plan: string | null }
  | { kind: 'reset'; start: number | null; end: number | null }
);

/** Outcome and up to two amounts, as the SQL functions return them. */
export type Result = [outcome: string, x: bigint, y: bigint];

export interface ModelHold {
  amount: bigint;
  status: 'pending' | 'settled' | 'released' | 'expired';
  expires: number;
  user: string | null;
  charged: bigint;
  absorbed: bigint;
}

export interface ModelCall {
  monthly: bigint;
  bonus: bigint;
  at: number;
  user: string | null;
  refunded: boolean;
}
