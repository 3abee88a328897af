/**
 * Stripe's `Idempotency-Key`: the first call with a key is remembered with its answer, good or bad; the same call again
 * gets that answer, another call with that key is refused, and so is a call while the first one still runs.
 */
import { createHash } from 'node:crypto';
import { StripeFault } from './errors';

export interface Answer {
  status: number;
  body: string;
  requestId: string;
}

interface Entry {
  path: string;
  fingerprint: string;
  answer: Answer | null;
}

export class IdempotencyKeys {
  private readonly entries = new Map<string, Entry>();

  /** The remembered answer; null: this call is the first and must finish with `finish` or `forget`. */
  begin(key: string, path: string, body: string): Answer | null {
    const fingerprint = createHash('sha256').update(canonical(body)).digest('hex');
    const entry = this.entries.get(key);
    if (entry === undefined) {
      this.entries.set(key, { path, fingerprint, answer: null });
      return null;
    }
    if (entry.path !== path) {
      throw new StripeFault(
        400,
        'idempotency_error',
        `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${entry.path}'). Try using a key other than '${key}' if you meant to execute a different request.`,
      );
    }
    if (entry.fingerprint !== fingerprint) {
      throw new StripeFault(
        400,
        'idempotency_error',
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      );
    }
    if (entry.answer === null) {
      throw new StripeFault(
        409,
        'idempotency_error',
        `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
        { code: 'idempotency_key_in_use' },
      );
    }
    return entry.answer;
  }

  finish(key: string, answer: Answer): void {
    const entry = this.entries.get(key);
    if (entry !== undefined) entry.answer = answer;
  }

  /** Parameters that failed validation started nothing: the key is free again. */
  forget(key: string): void {
    this.entries.delete(key);
  }
}

/** The order in which parameters are sent does not matter. */
function canonical(body: string): string {
  return [...new URLSearchParams(body)]
    .map(([name, value]) => JSON.stringify([name, value]))
    .sort()
    .join();
}
