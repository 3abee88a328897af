import 'server-only';
import { APICallError } from '@ai-sdk/provider';
import { z } from 'zod';

/** Why a provider takes no request on a key at all: it does not accept it, or what was paid for it is used up. */
export type KeyFault = 'refused' | 'unpaid';

/** For people; never the provider's own text, which may repeat a part of the key. */
export const KEY_FAULT_TEXT: Record<KeyFault, string> = {
  refused: 'The provider does not accept this key.',
  unpaid: 'The provider says that the credit of this key is used up.',
};

/** Google answers an unknown key with 400, as it does a wrong request, and tells the two apart by a code in the details. */
const googleDetails = z.object({
  error: z.object({ details: z.array(z.object({ reason: z.string().optional() })) }),
});

/** Null: the failure says nothing about the key. */
export function keyFault(error: unknown): KeyFault | null {
  if (!APICallError.isInstance(error)) return null;
  const { statusCode: status, data } = error;
  if (status === 401 || status === 403) return 'refused';
  if (status === 402) return 'unpaid';
  if (status !== 400) return null;
  const details = googleDetails.safeParse(data).data?.error.details ?? [];
  return details.some(({ reason }) => reason === 'API_KEY_INVALID') ? 'refused' : null;
}
