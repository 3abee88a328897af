import 'server-only';
import pino from 'pino';
import { env } from './env';

const store: { logger?: pino.Logger } = {};

/** Structured log, one JSON line an event on standard error. Secrets and prompts are never passed to it. */
export function logger(): pino.Logger {
  store.logger ??= pino(
    {
      level: env().NODE_ENV === 'test' && env().LOG_LEVEL === 'info' ? 'silent' : env().LOG_LEVEL,
      base: null,
      redact: {
        paths: ['apiKey', '*.apiKey', 'authorization', '*.authorization', 'token', '*.token'],
        censor: '[redacted]',
      },
    },
    pino.destination(2),
  );
  return store.logger;
}
