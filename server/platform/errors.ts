import 'server-only';

/** HTTP status for each domain error code. One table, so that every edge maps alike. */
const STATUS = {
  invalid_input: 400,
  unauthenticated: 401,
  insufficient_credits: 402,
  budget_exceeded: 402,
  payment_declined: 402,
  forbidden: 403,
  capability_denied: 403,
  quality_not_allowed: 403,
  not_found: 404,
  conflict: 409,
  duplicate_request: 409,
  wrong_status: 409,
  lease_lost: 409,
  organization_changed: 409,
  rate_limited: 429,
  model_not_priced: 503,
  model_not_available: 503,
  model_call_failed: 502,
  own_key_refused: 502,
  model_call_aborted: 499,
  structured_output_invalid: 502,
  edit_refused: 422,
  database_locked: 503,
  sandbox_unavailable: 503,
  payments_unavailable: 503,
  internal: 500,
} as const;

export type AppErrorCode = keyof typeof STATUS;

export interface AppErrorOptions {
  /** Shown to people. Default: the message itself for 4xx, a general sentence for 5xx. */
  userMessage?: string;
  /** Machine-readable facts for the client; never secrets. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** A domain error: `code` for programs, `message` for logs, `userMessage` for people. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  readonly userMessage: string;
  readonly details: Record<string, unknown>;

  constructor(code: AppErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
    this.userMessage =
      options.userMessage ??
      (STATUS[code] === 500 ? 'Something went wrong on our side. Nothing was changed.' : message);
  }

  get status(): number {
    return STATUS[this.code];
  }
}

/** Also true for an AppError that another bundle's copy of this module made. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error && 'userMessage' in error;
}

export function notFound(what: string): AppError {
  return new AppError('not_found', `${what} not found`);
}
