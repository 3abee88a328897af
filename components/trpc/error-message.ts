import { TRPCClientError } from '@trpc/client';

function field(error: unknown, name: string): unknown {
  if (!(error instanceof TRPCClientError)) return undefined;
  const data: unknown = error.data;
  return typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
}

/** The sentence to show a person for a failed request. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof TRPCClientError)) return 'Something went wrong. Try again.';
  const fields = field(error, 'fields');
  if (typeof fields === 'object' && fields !== null) {
    const first = Object.entries(fields)[0];
    if (first !== undefined && Array.isArray(first[1])) return `${first[0]}: ${first[1].join(', ')}`;
  }
  if (isUnreachable(error)) return 'The server could not be reached. Check the connection and try again.';
  return error.message;
}

/** Without `data` the answer never came: the network, not the server, failed. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TRPCClientError && (error.data === undefined || error.data === null);
}

export function isNotFound(error: unknown): boolean {
  return field(error, 'code') === 'NOT_FOUND';
}

export function isSignedOut(error: unknown): boolean {
  return field(error, 'code') === 'UNAUTHORIZED';
}

/** The domain's code of a refusal, such as `payment_declined`; null for anything else. */
export function appCode(error: unknown): string | null {
  const code = field(error, 'appCode');
  return typeof code === 'string' ? code : null;
}

/** A word of a refusal's details, such as the `reason` of a conflict; null when there is none. */
export function errorDetail(error: unknown, name: string): string | null {
  const details = field(error, 'details');
  const value: unknown = typeof details === 'object' && details !== null ? Reflect.get(details, name) : null;
  return typeof value === 'string' ? value : null;
}
