import 'server-only';
import { z } from 'zod';

const flag = z.enum(['true', 'false', '1', '0', '']).transform((value) => value === 'true' || value === '1');
const optionalText = z
  .string()
  .trim()
  .transform((value) => (value === '' ? undefined : value))
  .optional();
const optionalUrl = optionalText.refine((value) => value === undefined || URL.canParse(value), {
  message: 'must be a full URL such as http://127.0.0.1:8080/v1',
});
const whole = (min: number, max: number, fallback: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
const list = optionalText.transform((value) =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Every variable Plumbline reads. The operator guide lists the same names. */
const envSchema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  /** `production` only on a real deployment: `npm start` on a laptop is a production build but not production. */
  APP_ENV: z.enum(['local', 'test', 'production']).default('local'),
  PORT: whole(0, 65_535, 3000),
  HOST: z.string().trim().min(1).default('127.0.0.1'),
  /** Public address, used in e-mail links. Default: http://localhost:PORT. */
  APP_URL: optionalUrl,
  DATA_DIR: z.string().trim().min(1).default('.data'),
  DATABASE_URL: optionalText.refine((value) => value === undefined || /^postgres(ql)?:\/\//.test(value), {
    message: 'must start with postgres:// or postgresql://',
  }),
  DATABASE_POOL: whole(1, 200, 10),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Runs the worker inside the web process. Default: true when embedded, false with DATABASE_URL. */
  WORKER_IN_WEB: flag.optional(),
  WORKER_CONCURRENCY: whole(1, 64, 4),

  NEXTAUTH_SECRET: optionalText.refine((value) => value === undefined || value.length >= 16, {
    message: 'must have at least 16 characters',
  }),
  APP_ENCRYPTION_KEY: optionalText,
  LOCAL_SIGN_IN: flag.optional(),
  SMTP_URL: optionalText.refine((value) => value === undefined || /^smtps?:\/\//.test(value), {
    message: 'must start with smtp:// or smtps://',
  }),
  MAIL_FROM: z.string().trim().min(3).default('Plumbline <plumbline@localhost>'),
  GITHUB_ID: optionalText,
  GITHUB_SECRET: optionalText,
  GOOGLE_CLIENT_ID: optionalText,
  GOOGLE_CLIENT_SECRET: optionalText,
  OPERATOR_EMAILS: list,

  OPENAI_API_KEY: optionalText,
  OPENAI_BASE_URL: optionalUrl,
  GOOGLE_API_KEY: optionalText,
  GOOGLE_BASE_URL: optionalUrl,
  OPENROUTER_API_KEY: optionalText,
  OPENROUTER_BASE_URL: optionalUrl,
  OPENAI_COMPATIBLE_API_KEY: optionalText,
  OPENAI_COMPATIBLE_BASE_URL: optionalUrl,
  OPENAI_COMPATIBLE_MODELS: list,
  /** provider:model used by default instead of the catalogue's choice. */
  DEFAULT_MODEL: optionalText.refine(
    (value) => value === undefined || /^(openai|google|openrouter|compatible|demo):.+$/.test(value),
    { message: 'must be provider:model, for example openai:gpt-5-mini' },
  ),
  /** Milliseconds between two pieces of the demo model's text. */
  DEMO_DELAY_MS: whole(0, 1000, 4),
  MODEL_TIMEOUT_MS: whole(1000, 3_600_000, 600_000),
  MODEL_MAX_RETRIES: whole(0, 10, 3),

  CREDIT_VALUE_USD: z
    .string()
    .regex(/^\d+(\.\d{1,9})?$/, 'must be a decimal number of dollars such as 0.10')
    .default('0.10'),
  MARKUP_FACTOR: z
    .string()
    .regex(/^\d+(\.\d{1,6})?$/, 'must be a decimal number such as 1.5')
    .default('1.5'),
  REWORK_POLICY: z.enum(['absorb', 'charge']).default('absorb'),
  TASK_ATTEMPTS: whole(1, 10, 3),

  SANDBOX: z.enum(['auto', 'bubblewrap', 'off']).default('auto'),
  CHECK_TIMEOUT_MS: whole(1000, 3_600_000, 120_000),
  /** local, off, openai:MODEL, google:MODEL, compatible:MODEL. */
  EMBEDDER: z
    .string()
    .trim()
    .regex(/^(local|off|(openai|google|compatible):.+)$/, 'must be local, off, or provider:model')
    .default('local'),
  EMBEDDING_MODEL_PATH: optionalText,
  STRIPE_SECRET_KEY: optionalText,
  MOCK_STRIPE_PAYMENTS: flag.optional(),
});

export type Env = z.infer<typeof envSchema>;

/** Thrown when the environment is wrong; the message has one line per variable. */
export class EnvError extends Error {
  override name = 'EnvError';
}

/** Validates a set of variables. Throws `EnvError` with one readable line per wrong variable, never showing a value. */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const result = envSchema.safeParse(source);
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new EnvError(`The environment is not valid:\n${lines.join('\n')}`);
  }
  const env = result.data;
  const problems: string[] = [];
  if ((env.GITHUB_ID === undefined) !== (env.GITHUB_SECRET === undefined)) {
    problems.push('  GITHUB_ID, GITHUB_SECRET: set both or neither');
  }
  if ((env.GOOGLE_CLIENT_ID === undefined) !== (env.GOOGLE_CLIENT_SECRET === undefined)) {
    problems.push('  GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET: set both or neither');
  }
  if (env.OPENAI_COMPATIBLE_BASE_URL !== undefined && env.OPENAI_COMPATIBLE_MODELS.length === 0) {
    problems.push('  OPENAI_COMPATIBLE_MODELS: name at least one model served at OPENAI_COMPATIBLE_BASE_URL');
  }
  if (env.APP_ENV === 'production' && env.NEXTAUTH_SECRET === undefined) {
    problems.push('  NEXTAUTH_SECRET: required when APP_ENV=production');
  }
  if (problems.length > 0) throw new EnvError(`The environment is not valid:\n${problems.join('\n')}`);
  return env;
}

let cached: Env | undefined;

/** The validated environment, read once. */
export function env(): Env {
  cached ??= parseEnv(process.env);
  return cached;
}

/** Embedded database: no DATABASE_URL. */
export function isEmbedded(): boolean {
  return env().DATABASE_URL === undefined;
}

/** Whether sign-in links may be shown locally: bound to loopback without a mail server, or said explicitly. */
export function localSignInAllowed(): boolean {
  const { HOST, LOCAL_SIGN_IN, SMTP_URL } = env();
  if (LOCAL_SIGN_IN !== undefined) return LOCAL_SIGN_IN;
  return SMTP_URL === undefined && ['127.0.0.1', 'localhost', '::1'].includes(HOST);
}

/** Tests only: forget the cached environment. */
export function resetEnv(): void {
  cached = undefined;
}
