import 'server-only';
import { AppError } from '@/server/platform/errors';
import { type AccessQuestion, checkAIAccess } from './check-ai-access';

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
