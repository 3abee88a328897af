import 'server-only';
import { type CreditCheck, checkCreditBalance } from '@/server/credits/access/check-credit-balance';
import { listRateUnlocks, listUnlocks, type Unlock } from '@/server/credits/access/list-unlocks';
import { type CapabilityAccess, checkCapabilityAccess } from '@/server/credits/access/plan-access';
import { refusalSentence } from '@/server/credits/access/refusal-sentences';
import { formatCredits } from '@/server/credits/schema';
import type { CatalogModel } from '@/server/models/catalogue/catalogue';
import { type Effort, effortOf } from '@/server/models/effort';
import { ownKeyProviders } from '@/server/models/keys/own-keys';
import { type Capability, capabilityOf, QUALITIES, type Quality, type Role } from '@/server/models/schema';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { AppError, type AppErrorCode } from '@/server/platform/errors';
import { modelsAt } from './models-at';
import { chargedShare, quoteHold } from './quote-call';

/** One kind of call that the work consists of. */
export interface PlannedCall {
  role: Role;
  size?: 'S' | 'M' | 'L';
  /** How often. */
  count: number;
  /** A quality of its own, whatever is asked for the rest. */
  quality?: Quality;
}

export interface AccessQuestion {
  organizationId: string;
  userId: string | null;
  capability: Capability;
  quality: Quality;
  /** The project's own model; null: the catalogue's default. */
  modelRef?: string | null;
  /** What the work consists of; default: one call of the capability. */
  work?: readonly PlannedCall[];
}

/** Why something may not run. `message` is for people. */
export interface Denial {
  code: Extract<
    AppErrorCode,
    | 'capability_denied'
    | 'quality_not_allowed'
    | 'insufficient_credits'
    | 'budget_exceeded'
    | 'rate_limited'
    | 'model_not_available'
  >;
  message: string;
  retryAfterSeconds?: number;
}

export interface QualityAnswer {
  quality: Quality;
  name: string;
  allowed: boolean;
  denial: Denial | null;
  models: CatalogModel[];
  /** The model that would be called. */
  modelLabel: string | null;
  /** How much that model is asked to think; null where it does not. */
  effort: Effort | null;
  /** Micro-credits the work may cost; null when no model of this level can be called. */
  estimate: { p50: bigint; p90: bigint } | null;
  /** Micro-credits that must be there for it: the estimate's upper bound, or what its largest single call holds; null as above. */
  required: bigint | null;
  /** Micro-credits missing of them. */
  missing: bigint;
  /** Ways to unlock it, cheapest first; empty when it is allowed. */
  unlocks: Unlock[];
}

export interface AccessAnswer extends QualityAnswer {
  plan: { id: string; name: string };
  available: bigint;
  /** What the person's own monthly budget leaves; null: no such budget. */
  budgetLeft: bigint | null;
  resetsAt: Date;
  /** Requests left in this minute and day; null: unlimited. */
  requestsLeft: number | null;
  qualities: QualityAnswer[];
}

/**
 * One answer to: may it run, at which qualities, with which models, what would it cost, what is missing, and what is the
 * cheapest way to unlock it. Reads only; `executeWithAIAccess` decides again when the call is made.
 * @throws AppError `not_found` without a credit account
 */
export async function checkAIAccess(question: AccessQuestion): Promise<AccessAnswer> {
  const { organizationId, userId, capability } = question;
  const access = await checkCapabilityAccess(db(), { organizationId, capability });
  const credits = await checkCreditBalance(db(), { organizationId, userId, required: 0n });
  const own = await ownKeyProviders(db(), organizationId);
  const levels = await db().qualityLevel.findMany({ orderBy: { position: 'asc' } });
  const qualities: QualityAnswer[] = [];
  for (const { id, name } of levels) {
    const quality = QUALITIES.find((known) => known === id);
    if (quality !== undefined) qualities.push(await answerFor(question, { quality, name }, { access, credits, own }));
  }
  const asked = qualities.find(({ quality }) => quality === question.quality);
  if (asked === undefined) throw new Error(`no row for quality ${question.quality}`);
  return {
    ...asked,
    plan: access.plan,
    available: credits.available,
    budgetLeft: credits.budgetLeft,
    resetsAt: credits.resetsAt,
    requestsLeft: access.requestsLeft,
    qualities,
  };
}

/**
 * Refuses before anything is begun what could not run: everything fallible happens before a stream opens.
 * @throws AppError `capability_denied`, `quality_not_allowed`, `insufficient_credits`, `budget_exceeded`, `rate_limited`,
 * `model_not_available`, with what is missing and how to unlock it
 */
export async function requireAIAccess(question: AccessQuestion): Promise<void> {
  const { denial, required, missing, unlocks, available } = await checkAIAccess(question);
  if (denial === null) return;
  throw new AppError(denial.code, `${question.capability} at ${question.quality} is refused: ${denial.code}`, {
    userMessage: denial.message,
    details: {
      capability: question.capability,
      quality: question.quality,
      required: (required ?? 0n).toString(),
      available: available.toString(),
      missing: missing.toString(),
      unlocks: unlocks.map(({ kind, priceUsdCents }) => ({ kind, priceUsdCents })),
      ...(denial.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: denial.retryAfterSeconds }),
    },
  });
}

interface Facts {
  access: CapabilityAccess;
  credits: CreditCheck;
  own: ReadonlySet<string>;
}

async function answerFor(
  question: AccessQuestion,
  level: { quality: Quality; name: string },
  facts: Facts,
): Promise<QualityAnswer> {
  const { access, credits } = facts;
  const { inPlan, models, chosen } = await modelsAt(question, level.quality, access);
  const needs = chosen === null ? null : await estimateWork(question, { ...level, chosen }, access);
  const required = needs?.required ?? null;
  const usable =
    credits.budgetLeft !== null && credits.budgetLeft < credits.available ? credits.budgetLeft : credits.available;
  const missing = required === null || required <= usable ? 0n : required - usable;
  const denial = denialOf(level, facts, {
    inPlan,
    callable: chosen !== null,
    missing,
    required,
    p90: needs?.p90 ?? null,
  });
  return {
    ...level,
    allowed: denial === null,
    denial,
    models: inPlan ? models : [],
    modelLabel: chosen?.label ?? null,
    effort: chosen === null ? null : effortOf(chosen, level.quality),
    estimate: needs === null ? null : { p50: needs.p50, p90: needs.p90 },
    required,
    missing,
    // Where no model of the level can be called, no purchase unlocks it.
    unlocks:
      denial === null || chosen === null
        ? []
        : await unlocksOf(question, facts, {
            denial,
            quality: level.quality,
            inPlan,
            missing,
            required: required ?? 0n,
          }),
  };
}

interface Locked {
  denial: Denial;
  quality: Quality;
  inPlan: boolean;
  missing: bigint;
  required: bigint;
}

async function unlocksOf(
  { organizationId, capability }: AccessQuestion,
  { access, credits }: Facts,
  { denial, quality, inPlan, missing, required }: Locked,
): Promise<Unlock[]> {
  if (denial.code === 'rate_limited') {
    const until = new Date(now().getTime() + access.retryAfterSeconds * 1000);
    return listRateUnlocks(db(), { organizationId, capability, quality, until, limits: access });
  }
  return listUnlocks(db(), {
    organizationId,
    missing: inPlan ? missing : 0n,
    locked: inPlan ? null : { capability, quality },
    resetsAt: credits.resetsAt,
    nextAllocation: credits.nextAllocation,
    monthly: credits.monthly,
    ownBudget: denial.code === 'budget_exceeded' ? credits.budget : null,
    required,
  });
}

function denialOf(
  { name }: { name: string },
  { access, credits }: Facts,
  state: { inPlan: boolean; callable: boolean; missing: bigint; required: bigint | null; p90: bigint | null },
): Denial | null {
  if (!access.enabled) return { code: 'capability_denied', message: refusalSentence.capability(access.plan.name) };
  if (!state.inPlan) return { code: 'quality_not_allowed', message: refusalSentence.quality(access.plan.name, name) };
  if (!state.callable)
    return {
      code: 'model_not_available',
      message: 'No model of this level can be called here: a provider key is missing.',
    };
  if (access.retryAfterSeconds > 0)
    return {
      code: 'rate_limited',
      message: refusalSentence.tooManyRequests,
      retryAfterSeconds: access.retryAfterSeconds,
    };
  if (state.missing === 0n) return null;
  // A smaller estimate stands beside the refusal: the text says what the rest is for.
  const heldFor =
    state.required === null || state.required === state.p90
      ? ''
      : ` Up to ${formatCredits(state.required)} are held while it runs; what is not used comes back.`;
  return credits.budgetLeft !== null && credits.budgetLeft < credits.available
    ? { code: 'budget_exceeded', message: `${refusalSentence.ownBudget}${heldFor}` }
    : { code: 'insufficient_credits', message: `${refusalSentence.credits}${heldFor}` };
}

async function estimateWork(
  question: AccessQuestion,
  level: { quality: Quality; chosen: CatalogModel },
  access: CapabilityAccess,
) {
  const work = question.work ?? [{ role: roleOf(question.capability), count: 1 }];
  const total = { p50: 0n, p90: 0n, required: 0n };
  const chosen = new Map([[level.quality, level.chosen]]);
  for (const call of work) {
    const quality = call.quality ?? level.quality;
    // A task of a quality of its own is done by that quality's model.
    const model = chosen.get(quality) ?? (await modelsAt(question, quality, access)).chosen ?? level.chosen;
    chosen.set(quality, model);
    const quote = await quoteHold(db(), {
      role: call.role,
      quality,
      modelRef: model.ref,
      ...(call.size ? { size: call.size } : {}),
    });
    total.p50 += chargedShare(quote.p50, model.ownKey) * BigInt(call.count);
    total.p90 += chargedShare(quote.p90, model.ownKey) * BigInt(call.count);
    const hold = call.count === 0 ? 0n : chargedShare(quote.hold, model.ownKey);
    if (hold > total.required) total.required = hold;
  }
  if (total.p90 > total.required) total.required = total.p90;
  return total;
}

/** The role that stands for a capability in a quote. */
function roleOf(capability: Capability): Role {
  const role: Role = capability;
  return capabilityOf(role) === capability ? role : 'implement';
}
