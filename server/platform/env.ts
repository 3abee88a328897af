import 'server-only';
import { z } from 'zod';
import { isGuessable } from './guessable-secret';

const flag = z
  .enum(['true', 'false', '1', '0'], { error: 'must be true or false' })
  .transform((value) => value === 'true' || value === '1');
const optionalText = z.string().trim().optional();
const optionalUrl = optionalText.refine(
  (value) => value === undefined || (/^https?:\/\//.test(value) && URL.canParse(value)),
  { message: 'must be a full URL such as http://127.0.0.1:8080/v1' },
);
const oneOf = <const T extends readonly string[]>(...values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });
const whole = (min: number, max: number, fallback: number) =>
  z
    .string()
    .trim()
    .refine((value) => /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max, {
      message: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .default(fallback);
const list = optionalText.transform((value) =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const secret = optionalText
  .refine((value) => value === undefined || value.length >= 16, {
    message: 'must have at least 16 characters',
    abort: true,
  })
  .refine((value) => value === undefined || !isGuessable(value), {
    message: 'can be guessed: take a random one, for example of openssl rand -base64 32',
  });

/** Every variable Plumbline reads. The operator guide lists the same names. */
const envSchema = z.object({
  NODE_ENV: oneOf('development', 'production', 'test').default('development'),
  /** `production` only on a real deployment: `npm start` on a laptop is a production build but not production. */
  APP_ENV: oneOf('local', 'test', 'production').default('local'),
  PORT: whole(0, 65_535, 3000),
  HOST: z.string().trim().min(1).default('127.0.0.1'),
  /** Public address, used in e-mail links. Default: http://localhost:PORT. */
  APP_URL: optionalUrl,
  /** Reverse proxies in front, each of which appends to X-Forwarded-For. Tells requesters apart when links are limited. */
  TRUSTED_PROXIES: whole(0, 10, 0),
  DATA_DIR: z.string().trim().min(1).default('.data'),
  DATABASE_URL: optionalText.refine((value) => value === undefined || /^postgres(ql)?:\/\//.test(value), {
    message: 'must start with postgres:// or postgresql://',
  }),
  DATABASE_POOL: whole(1, 200, 10),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  /** Runs the worker inside the web process. Default: true when embedded, false with DATABASE_URL. */
  WORKER_IN_WEB: flag.optional(),
  WORKER_CONCURRENCY: whole(1, 64, 4),

  NEXTAUTH_SECRET: secret,
  /** Encrypts stored provider keys. Outside production one is made once and kept in DATA_DIR. */
  APP_ENCRYPTION_KEY: secret,
  LOCAL_SIGN_IN: flag.optional(),
  SMTP_URL: optionalText.refine((value) => value === undefined || /^smtps?:\/\//.test(value), {
    message: 'must start with smtp:// or smtps://',
  }),
  MAIL_FROM: z
    .string()
    .trim()
    .includes('@', { error: 'must be an address such as Plumbline <mail@example.com>' })
    .default('Plumbline <plumbline@localhost>'),
  GITHUB_ID: optionalText,
  GITHUB_SECRET: optionalText,
  GOOGLE_CLIENT_ID: optionalText,
  GOOGLE_CLIENT_SECRET: optionalText,
  OPERATOR_EMAILS: list,

  /** Keys of providers, several comma-separated. */
  OPENAI_API_KEY: list,
  OPENAI_BASE_URL: optionalUrl,
  GOOGLE_API_KEY: list,
  GOOGLE_BASE_URL: optionalUrl,
  ANTHROPIC_API_KEY: list,
  ANTHROPIC_BASE_URL: optionalUrl,
  OPENROUTER_API_KEY: list,
  OPENROUTER_BASE_URL: optionalUrl,
  OPENAI_COMPATIBLE_API_KEY: list,
  OPENAI_COMPATIBLE_BASE_URL: optionalUrl,
  OPENAI_COMPATIBLE_MODELS: list,
  /** provider:model used by default instead of the catalogue's choice. */
  DEFAULT_MODEL: optionalText.refine(
    (value) => value === undefined || /^(openai|google|anthropic|openrouter|compatible|demo):.+$/.test(value),
    { message: 'must be provider:model, for example openai:gpt-5-mini' },
  ),
  /** Milliseconds between two pieces of the demo model's text. */
  DEMO_DELAY_MS: whole(0, 1000, 4),
  /** Longest silence before a provider's first byte, and between two; a model that reasons has the last limit alone. */
  MODEL_FIRST_CHUNK_MS: whole(10, 3_600_000, 120_000),
  MODEL_CHUNK_MS: whole(10, 3_600_000, 60_000),
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
  REWORK_POLICY: oneOf('absorb', 'charge').default('absorb'),
  TASK_ATTEMPTS: whole(1, 10, 3),

  SANDBOX: oneOf('auto', 'bubblewrap', 'off').default('auto'),
  /** Limits of one command; the operator guide says what each counts. */
  SANDBOX_MEMORY_MB: whole(64, 1_048_576, 2048),
  SANDBOX_PROCESSES: whole(8, 10_000, 256),
  SANDBOX_FILE_MB: whole(1, 1_048_576, 64),
  SANDBOX_WRITE_MB: whole(1, 1_048_576, 1024),
  SANDBOX_FILES: whole(1, 10_000_000, 20_000),
  /** A folder of cgroup v2 that is delegated to the server's user. */
  SANDBOX_CGROUP: optionalText,
  CHECK_TIMEOUT_MS: whole(1000, 3_600_000, 120_000),
  /** local, off, openai:MODEL, google:MODEL, compatible:MODEL. */
  EMBEDDER: z
    .string()
    .trim()
    .regex(/^(local|off|(openai|google|compatible):.+)$/, 'must be local, off, or provider:model')
    .default('local'),
  EMBEDDING_MODEL_PATH: optionalText,
  STRIPE_SECRET_KEY: optionalText.refine((value) => value === undefined || /^[sr]k_/.test(value), {
    message: 'must start with sk_ or rk_: the secret key, not the publishable one',
  }),
  /** Proves that Stripe sent an event: with a guessed one anyone could send themselves credits. */
  STRIPE_WEBHOOK_SECRET: secret,
  /** Another address that speaks Stripe's API (tests). */
  STRIPE_API_BASE: optionalUrl,
  /** Local checkout page instead of Stripe. Default: true without a Stripe key, outside production. */
  MOCK_STRIPE_PAYMENTS: flag.optional(),
  /** New projects that one person may make. */
  PROJECTS_PER_MINUTE: whole(1, 10_000, 10),
  PROJECTS_PER_DAY: whole(1, 100_000, 100),
  /** Percent of a call's price that is charged when it was made with the organization's own provider key. */
  OWN_KEY_FEE_PERCENT: whole(0, 100, 0),
});

export type Env = z.infer<typeof envSchema>;

/** Thrown when the environment is wrong; the message has one line per variable. */
export class EnvError extends Error {
  override name = 'EnvError';
}

/**
 * Validates a set of variables; one that is empty counts as not set. Throws `EnvError` with one readable line per wrong
 * variable, all of them at once, never showing a value.
 */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => (value ?? '').trim() !== ''));
  const result = envSchema.safeParse(given);
  const lines = new Map(result.error?.issues.map((issue) => [issue.path.join('.'), issue.message]));
  for (const [name, message] of combinationProblems(given)) if (!lines.has(name)) lines.set(name, message);
  if (!result.success || lines.size > 0) {
    const text = [...lines].map(([name, message]) => `  ${name}: ${message}`).join('\n');
    throw new EnvError(`The environment is not valid:\n${text}`);
  }
  return result.data;
}

/** What is wrong only because of other variables: name and message. */
function combinationProblems(given: Record<string, string | undefined>): [string, string][] {
  const problems: [string, string][] = [];
  const production = given.APP_ENV === 'production';
  for (const [id, secret] of [
    ['GITHUB_ID', 'GITHUB_SECRET'],
    ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
  ] as const) {
    if (given[id] !== undefined && given[secret] === undefined) problems.push([secret, `required with ${id}`]);
    if (given[id] === undefined && given[secret] !== undefined) problems.push([id, `required with ${secret}`]);
  }
  if (given.OPENAI_COMPATIBLE_BASE_URL !== undefined && !/[^,\s]/.test(given.OPENAI_COMPATIBLE_MODELS ?? '')) {
    problems.push(['OPENAI_COMPATIBLE_MODELS', 'name at least one model served at OPENAI_COMPATIBLE_BASE_URL']);
  }
  if (production && given.NEXTAUTH_SECRET === undefined) {
    problems.push(['NEXTAUTH_SECRET', 'required when APP_ENV=production']);
  }
  if (production && given.APP_ENCRYPTION_KEY === undefined) {
    problems.push(['APP_ENCRYPTION_KEY', 'required when APP_ENV=production']);
  }
  if (production && isYes(given.LOCAL_SIGN_IN)) {
    problems.push(['LOCAL_SIGN_IN', 'shows sign-in links to others: not with APP_ENV=production']);
  }
  const ways = [given.SMTP_URL, given.GITHUB_ID, given.GOOGLE_CLIENT_ID];
  if (production && ways.every((way) => way === undefined)) {
    problems.push(['SMTP_URL', 'required when APP_ENV=production, unless GitHub or Google sign-in is set']);
  }
  if (isYes(given.MOCK_STRIPE_PAYMENTS) && given.STRIPE_SECRET_KEY?.includes('_test_') === false) {
    problems.push(['MOCK_STRIPE_PAYMENTS', 'gives credits for nothing: not beside a key of Stripe that takes money']);
  }
  if (given.STRIPE_SECRET_KEY !== undefined && given.STRIPE_WEBHOOK_SECRET === undefined) {
    problems.push(['STRIPE_WEBHOOK_SECRET', 'required with STRIPE_SECRET_KEY, or purchases would never be credited']);
  }
  if (production && given.STRIPE_SECRET_KEY === undefined && given.MOCK_STRIPE_PAYMENTS === undefined) {
    problems.push([
      'STRIPE_SECRET_KEY',
      'required when APP_ENV=production, unless MOCK_STRIPE_PAYMENTS says true or false',
    ]);
  }
  return problems;
}

function isYes(value: string | undefined): boolean {
  return value?.trim() === 'true' || value?.trim() === '1';
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

/** Whether purchases go through the local checkout page: said explicitly, or by default where no Stripe key is set. */
export function mockPayments(): boolean {
  const { MOCK_STRIPE_PAYMENTS, STRIPE_SECRET_KEY } = env();
  return MOCK_STRIPE_PAYMENTS ?? STRIPE_SECRET_KEY === undefined;
}

/** Whether an instance in production runs with a test key of Stripe's: everything works, and no money comes. */
function takesTestMoney(): boolean {
  const { APP_ENV, STRIPE_SECRET_KEY } = env();
  return APP_ENV === 'production' && !mockPayments() && STRIPE_SECRET_KEY?.includes('_test_') === true;
}

/**
 * Whether sign-in links may be shown on a page, to a browser on this machine: without a mail server and bound to loopback, or
 * where it is said explicitly. Never in production.
 */
export function localSignInAllowed(): boolean {
  const { APP_ENV, HOST, LOCAL_SIGN_IN, SMTP_URL } = env();
  if (APP_ENV === 'production') return false;
  return LOCAL_SIGN_IN ?? (SMTP_URL === undefined && isLoopback(HOST) && !hasPublicUrl());
}

/** What an operator should know about the settings; each is one sentence. */
export function environmentWarnings(): string[] {
  const warnings: string[] = [];
  if (takesTestMoney()) {
    warnings.push('STRIPE_SECRET_KEY is a test key although APP_ENV=production: no money comes in.');
  }
  if (hasPublicUrl() && env().TRUSTED_PROXIES === 0) {
    warnings.push(
      'APP_URL is public and TRUSTED_PROXIES is 0: behind a proxy all requesters look alike and share one limit on sign-in links. Set TRUSTED_PROXIES to the number of proxies in front.',
    );
  }
  return warnings;
}

/** Whether APP_URL is an address that others can reach. */
function hasPublicUrl(): boolean {
  const { APP_URL } = env();
  return APP_URL !== undefined && !isLoopback(new URL(APP_URL).hostname);
}

/** Whether browsers reach this instance by https alone. */
export function servesHttps(): boolean {
  return env().APP_URL?.startsWith('https:') === true;
}

function isLoopback(host: string): boolean {
  return ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(host);
}

/** Tests only: forget the cached environment. */
export function resetEnv(): void {
  cached = undefined;
}
