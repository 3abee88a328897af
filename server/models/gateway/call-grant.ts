import 'server-only';
import type { Effort } from '@/server/models/effort';
import type { TokenUsage } from '@/server/models/pricing';
import type { ProviderAccess } from '@/server/models/providers/instance-keys';
import type { CallHint, Provider, Quality, Role } from '@/server/models/schema';
import type { Tx } from '@/server/platform/db';
import type { CallBasis } from './read-call-basis';

/** Who calls, for what. */
export interface AccessContext {
  organizationId: string;
  userId: string | null;
  projectId: string | null;
  runId: string | null;
  taskId: string | null;
  stepId: string | null;
  role: Role;
  quality: Quality;
  size?: 'S' | 'M' | 'L';
  promptVersion: string;
  /** One effect a key: a settled key never calls or charges again. */
  idempotencyKey: string;
}

/** A call for text. */
export interface CallContext extends AccessContext {
  hint: Omit<CallHint, 'role'>;
}

/** A complete answer: it ended by `stop`, or by calls of tools. */
export interface TextResult {
  callId: string;
  text: string;
  usage: TokenUsage;
  costNano: bigint;
  chargedMicro: bigint;
  /** Micro-credits (monthly + bonus) after this call; for a payer with a budget no more than it leaves. */
  balanceMicro: bigint;
  modelLabel: string;
}

/** What a call has brought so far. `execute` fills it; it is what a failure is accounted by. */
export interface Progress {
  text: string;
  /** Of reasoning, in quarters of a token. */
  thoughtQuarters: number;
  firstTokenMs: number | null;
  usage: Omit<TokenUsage, 'estimated'> | null;
  finishReason: string | null;
  retries: number;
}

/** What the work may use: valid until `execute` returns. */
export interface CallGrant {
  provider: Provider;
  modelId: string;
  /** How much a model that thinks before it answers is asked to think; null for the others. */
  effort: Effort | null;
  access: ProviderAccess;
  /** Output tokens that the hold covers. */
  maxOutputTokens: number;
  /** `performance.now()` when the call was granted. */
  started: number;
  signal: AbortSignal;
  progress: Progress;
}

export interface MeteredWork<T> {
  /** provider:model */
  model: string;
  /** Tokens that go in, and the most that may come out; the hold covers at least these. */
  inputTokens: number;
  outputTokens: (model: CallBasis['model']) => number;
  abortSignal?: AbortSignal | undefined;
  execute(grant: CallGrant): Promise<T>;
  /** Runs when the answer is complete, before the settling transaction opens. */
  beforeSettle?: (() => Promise<void>) | undefined;
  /** Runs in the transaction that settles: what must be true exactly when the call is paid. */
  onSettled?: ((tx: Tx, metered: Metered<T>) => Promise<void>) | undefined;
}

export interface Metered<T> {
  result: T;
  callId: string;
  usage: TokenUsage;
  /** True cost, nano-dollars. */
  costNano: bigint;
  /** Micro-credits. */
  creditsUsed: bigint;
  /** Micro-credits (monthly + bonus) after this call; for a payer with a budget no more than it leaves. */
  balanceLeft: bigint;
  modelLabel: string;
}

/** A call whose credits are held and whose row is written. */
export interface OpenCall {
  callId: string;
  /** Null: the organization's own key without a platform fee, nothing to hold. */
  holdId: string | null;
  price: CallBasis['price'];
  label: string;
  inputTokens: number;
  grant: CallGrant;
}
