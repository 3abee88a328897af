/** Errors in Stripe's own shape: `{ error: { type, code, message, param } }`. */

export type FaultType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

export interface FaultDetails {
  code?: string;
  param?: string;
  declineCode?: string;
  /** Id of the charge that was declined. */
  charge?: string;
}

/** What a handler throws to answer with an error. */
export class StripeFault extends Error {
  constructor(
    readonly status: number,
    readonly type: FaultType,
    message: string,
    readonly details: FaultDetails = {},
  ) {
    super(message);
    this.name = 'StripeFault';
  }

  body() {
    const { code, param, declineCode, charge } = this.details;
    return {
      error: {
        type: this.type,
        message: this.message,
        ...(code === undefined
          ? {}
          : { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
        ...(param === undefined ? {} : { param }),
        ...(declineCode === undefined ? {} : { decline_code: declineCode }),
        ...(charge === undefined ? {} : { charge }),
      },
    };
  }
}

export function badRequest(message: string, details: FaultDetails = {}): StripeFault {
  return new StripeFault(400, 'invalid_request_error', message, details);
}

export function missing(kind: string, id: string, param = 'id'): StripeFault {
  return new StripeFault(404, 'invalid_request_error', `No such ${kind}: '${id}'`, { code: 'resource_missing', param });
}

export function declined(charge?: string): StripeFault {
  return new StripeFault(402, 'card_error', 'Your card was declined.', {
    code: 'card_declined',
    declineCode: 'generic_decline',
    ...(charge === undefined ? {} : { charge }),
  });
}

/** The card's bank wants the payer to confirm (3-D Secure). */
export function requiresAction(): StripeFault {
  return new StripeFault(402, 'card_error', 'Payment for this subscription requires additional user action.', {
    code: 'subscription_payment_intent_requires_action',
  });
}
