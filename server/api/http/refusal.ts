import 'server-only';
import { type AppErrorCode, isAppError, sentenceFor, statusOf } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';

/** A refusal over plain HTTP: status and code of the one table, a sentence for people. */
export function refuse(code: AppErrorCode, message = sentenceFor(code)): Response {
  return Response.json({ error: { code, message } }, { status: statusOf(code) });
}

/** The refusal for whatever was thrown. What is not a domain error is logged, and its text stays here. */
export function refuseError(error: unknown, failed: string, facts: Record<string, unknown>): Response {
  if (isAppError(error)) return refuse(error.code, error.userMessage);
  logger().error({ ...facts, err: error }, failed);
  return refuse('internal');
}
