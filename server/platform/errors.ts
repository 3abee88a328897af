import 'server-only';

interface Refusal {
  /** HTTP status, on every edge. */
  status: number;
  /** What happened, for people. */
  what: string;
  /** What they can do about it. */
  next: string;
}

/** Every domain error code with its one status and its text for people. The edges read their status here. */
const REFUSALS = {
  invalid_input: { status: 400, what: 'What was sent is not valid.', next: 'Check it and try again.' },
  unauthenticated: { status: 401, what: 'You are not signed in.', next: 'Sign in first.' },
  insufficient_credits: {
    status: 402,
    what: 'There are not enough credits for this.',
    next: 'Add credits, or wait for the monthly ones.',
  },
  budget_exceeded: {
    status: 402,
    what: 'The budget does not cover this.',
    next: 'Raise the budget, or ask an owner or admin to do it.',
  },
  payment_declined: {
    status: 402,
    what: 'The payment was declined.',
    next: 'Choose another payment method and try again.',
  },
  forbidden: {
    status: 403,
    what: 'You are not allowed to do this.',
    next: 'Ask an owner or an admin of the organization.',
  },
  capability_denied: {
    status: 403,
    what: 'Your plan does not include this.',
    next: 'See the plans under Plan and billing.',
  },
  quality_not_allowed: {
    status: 403,
    what: 'Your plan does not include this quality.',
    next: 'Choose another quality, or see the plans under Plan and billing.',
  },
  not_found: {
    status: 404,
    what: 'This was not found.',
    next: 'Check the address, or switch to the organization it belongs to.',
  },
  conflict: { status: 409, what: 'Something else changed this first.', next: 'Reload the page, then try again.' },
  duplicate_request: {
    status: 409,
    what: 'This was asked for before. Nothing was done or charged twice.',
    next: 'Reload the page to see the result.',
  },
  wrong_status: {
    status: 409,
    what: 'This is not possible at the moment.',
    next: 'Reload the page to see where the project stands.',
  },
  lease_lost: {
    status: 409,
    what: 'Another worker has taken over this run.',
    next: 'Wait a moment: the run goes on by itself.',
  },
  organization_changed: {
    status: 409,
    what: 'You work in another organization now. Nothing was changed.',
    next: 'Reload the page.',
  },
  rate_limited: { status: 429, what: 'Too many requests in a short time.', next: 'Wait a moment, then try again.' },
  model_not_priced: {
    status: 503,
    what: 'This model has no price, so it cannot be used.',
    next: 'Choose another model, or ask the operator to add a price.',
  },
  model_not_available: {
    status: 503,
    what: 'This model cannot be used here now.',
    next: 'Choose another model, or ask the operator to set its key.',
  },
  model_call_failed: {
    status: 502,
    what: 'The model did not answer properly. Nothing was charged for it.',
    next: 'Try again, or choose another model.',
  },
  answer_cut_off: {
    status: 502,
    what: 'The model stopped at its limit before its answer was complete. Nothing was charged for it.',
    next: 'Choose a model with longer answers, or split the task.',
  },
  answer_refused: {
    status: 502,
    what: 'The filter of the model’s provider refused this. Nothing was charged for it.',
    next: 'Say it in other words, or choose another model.',
  },
  context_too_long: {
    status: 422,
    what: 'This is more text than the model reads at once. Nothing was charged for it.',
    next: 'Choose a model with a larger window, or split the task.',
  },
  model_unknown: {
    status: 503,
    what: 'The provider does not know this model, or not any more. Nothing was charged for it.',
    next: 'Choose another model.',
  },
  provider_key_refused: {
    status: 503,
    what: 'The provider refuses the key of this instance. Nothing was charged for it.',
    next: 'Choose another model, or ask the operator to renew the key.',
  },
  provider_quota_used_up: {
    status: 503,
    what: 'What this instance has paid for at the provider is used up. Nothing was charged for it.',
    next: 'Choose another model, or ask the operator to add credit at the provider.',
  },
  own_key_refused: {
    status: 502,
    what: 'The provider refuses the key of your organization.',
    next: 'Replace or remove the key in the settings.',
  },
  model_call_aborted: {
    status: 499,
    what: 'The model call was stopped. Nothing was charged for it.',
    next: 'Start it again when you want it.',
  },
  structured_output_invalid: {
    status: 502,
    what: 'The model gave an answer that could not be read. Nothing of it was used.',
    next: 'Try again, or choose another model.',
  },
  edit_refused: { status: 422, what: 'The change to the files was refused. Nothing was changed.', next: 'Try again.' },
  database_locked: {
    status: 503,
    what: 'The database is in use by another process.',
    next: 'Stop that process first, or try again in a minute.',
  },
  sandbox_unavailable: {
    status: 503,
    what: 'Commands cannot be run here now.',
    next: 'Ask the operator to look at the sandbox of this instance.',
  },
  payments_unavailable: {
    status: 503,
    what: 'The payment service does not answer at the moment.',
    next: 'Try again in a minute.',
  },
  internal: {
    status: 500,
    what: 'Something went wrong on our side.',
    next: 'Try again. If it happens again, write to the operator of this instance.',
  },
} as const satisfies Record<string, Refusal>;

export type AppErrorCode = keyof typeof REFUSALS;
export const APP_ERROR_CODES = Object.keys(REFUSALS) as AppErrorCode[];

/** HTTP status of a code. */
export function statusOf(code: AppErrorCode): number {
  return REFUSALS[code].status;
}

/** What people read when an error says nothing better: what happened, and what to do. */
export function sentenceFor(code: AppErrorCode): string {
  const { what, next } = REFUSALS[code];
  return `${what} ${next}`;
}

export interface AppErrorOptions {
  /** Shown to people. Default: the sentence of the code. */
  userMessage?: string;
  /** Machine-readable facts for the client; never secrets. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** A domain error: `code` for programs, `message` for logs alone, `userMessage` for people. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  readonly userMessage: string;
  readonly details: Record<string, unknown>;

  constructor(code: AppErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
    this.userMessage = options.userMessage ?? sentenceFor(code);
  }

  get status(): number {
    return statusOf(this.code);
  }
}

/** Also true for an AppError that another bundle's copy of this module made. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error && 'userMessage' in error;
}

/** What a person reads of any error: never the text of one that was not meant for people. */
export function userMessageOf(error: unknown): string {
  return isAppError(error) ? error.userMessage : sentenceFor('internal');
}

export function notFound(what: string): AppError {
  return new AppError('not_found', `${what} not found`, {
    userMessage: `${what} not found. ${REFUSALS.not_found.next}`,
  });
}
