/** Refusals that have a way out, read from a failed request. Pure. Amounts are micro-credits. */
import { TRPCClientError } from '@trpc/client';
import type { Outputs } from '@/components/trpc/types';
import { type Capability, capabilitySchema, type Quality, qualitySchema } from '@/server/models/schema';

export type AccessAnswer = Outputs['access']['project'];
export type QualityAnswer = AccessAnswer['qualities'][number];
export type Unlock = QualityAnswer['unlocks'][number];

/** What was asked for: with a project the way out is computed for what is left of it. */
export interface AccessScope {
  projectId?: string | undefined;
  taskId?: string | undefined;
}

const CODES = [
  'capability_denied',
  'quality_not_allowed',
  'insufficient_credits',
  'budget_exceeded',
  'rate_limited',
] as const;
export type RefusalCode = (typeof CODES)[number];

export interface Refusal {
  code: RefusalCode;
  /** For people. */
  message: string;
  required: bigint | null;
  available: bigint | null;
  /** Required less available. */
  missing: bigint | null;
  resetsAt: Date | null;
  retryAfterSeconds: number | null;
  /** Whose budget does not cover it. */
  budget: 'member' | 'project';
  capability: Capability | null;
  quality: Quality | null;
}

function readMicro(value: unknown): bigint | null {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : null;
}

function readDate(value: unknown): Date | null {
  if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) return null;
  return new Date(value);
}

/** A refusal of one of the codes above; null for every other failure. */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof TRPCClientError)) return null;
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null) return null;
  const code = CODES.find((known) => known === Reflect.get(data, 'appCode'));
  if (code === undefined) return null;
  const raw: unknown = Reflect.get(data, 'details');
  const details = typeof raw === 'object' && raw !== null ? raw : {};
  const read = (name: string): unknown => Reflect.get(details, name);
  const required = readMicro(read('required'));
  const available = readMicro(read('available'));
  const seconds = read('retryAfterSeconds');
  return {
    code,
    message: error.message,
    required,
    available,
    missing: required === null || available === null ? null : required > available ? required - available : 0n,
    resetsAt: readDate(read('resetsAt')),
    retryAfterSeconds: typeof seconds === 'number' ? seconds : null,
    budget: read('scope') === 'member' ? 'member' : 'project',
    capability: capabilitySchema.safeParse(read('capability')).data ?? null,
    quality: qualitySchema.safeParse(read('quality')).data ?? null,
  };
}

/** The same of a level that the access check does not allow; null when it has no way out that a person could take. */
export function refusalOfLevel(level: QualityAnswer, answer: AccessAnswer): Refusal | null {
  const { denial, required, missing } = level;
  const code = CODES.find((known) => known === denial?.code);
  if (denial === null || code === undefined) return null;
  const short = missing > 0n ? missing : null;
  return {
    code,
    message: denial.message,
    required: short === null ? null : required,
    available: short === null || required === null ? null : required - short,
    missing: short,
    resetsAt: answer.resetsAt,
    retryAfterSeconds: denial.retryAfterSeconds ?? null,
    budget: 'member',
    capability: null,
    quality: level.quality,
  };
}

const TITLES: Record<RefusalCode, string> = {
  capability_denied: 'Your plan does not include this',
  quality_not_allowed: 'Your plan does not include this quality',
  insufficient_credits: 'Not enough credits',
  budget_exceeded: 'The budget does not cover it',
  rate_limited: 'Too many requests for now',
};

export function refusalTitle({ code }: Refusal): string {
  return TITLES[code];
}

/** Ways that lift this refusal, in the order given (cheapest first). Nobody buys their way out of a budget. */
export function usefulUnlocks(refusal: Refusal, unlocks: readonly Unlock[]): Unlock[] {
  switch (refusal.code) {
    case 'budget_exceeded':
      return refusal.budget === 'member' ? unlocks.filter(({ kind }) => kind === 'wait') : [];
    // How long to wait is said with the refusal itself.
    case 'rate_limited':
    case 'capability_denied':
    case 'quality_not_allowed':
      return unlocks.filter(({ kind }) => kind === 'upgrade');
    case 'insufficient_credits':
      return [...unlocks];
  }
}

/** `40 seconds`, `5 minutes`, `3 hours`: rounded up, so that it is never too early. */
export function waitInWords(seconds: number): string {
  const [count, unit] =
    seconds < 90
      ? [Math.max(Math.ceil(seconds), 1), 'second']
      : seconds < 5400
        ? [Math.ceil(seconds / 60), 'minute']
        : [Math.ceil(seconds / 3600), 'hour'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** The plan page, with a plan to look at and the way back. */
export function upgradeHref(planId: string, returnTo: string): string {
  return `/settings/billing?${new URLSearchParams({ plan: planId, returnTo })}`;
}
