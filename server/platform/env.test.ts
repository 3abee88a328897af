import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  EnvError,
  env,
  environmentWarnings,
  isEmbedded,
  localSignInAllowed,
  mockPayments,
  parseEnv,
  resetEnv,
  servesHttps,
} from './env';

const WEBHOOK = 'whsec_q8Kq2LmZp0Rt5Vw9';
const PRODUCTION = {
  APP_ENV: 'production',
  APP_ENCRYPTION_KEY: 'an-encryption-key-of-some-length',
  NEXTAUTH_SECRET: 'sixteen letters!',
  SMTP_URL: 'smtp://127.0.0.1:25',
  MOCK_STRIPE_PAYMENTS: 'false',
};

/** What is wrong with these variables, by name. */
function problems(source: Record<string, string | undefined>): Record<string, string> {
  try {
    parseEnv(source);
    return {};
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    const [title, ...lines] = error.message.split('\n');
    expect(title).toBe('The environment is not valid:');
    const pairs = lines.map((line): [string, string] => {
      const [, name = line, message = ''] = /^ {2}([A-Z_]+): (.+)$/.exec(line) ?? [];
      return [name, message];
    });
    expect(new Set(pairs.map(([name]) => name)).size).toBe(lines.length);
    return Object.fromEntries(pairs);
  }
}

describe('the environment', () => {
  it('needs nothing: every variable has a default or may be missing', () => {
    const plain = parseEnv({});
    expect(plain).toMatchObject({
      NODE_ENV: 'development',
      APP_ENV: 'local',
      PORT: 3000,
      HOST: '127.0.0.1',
      DATA_DIR: '.data',
      DATABASE_POOL: 10,
      LOG_LEVEL: 'info',
      WORKER_CONCURRENCY: 4,
      OPERATOR_EMAILS: [],
      CREDIT_VALUE_USD: '0.10',
      MARKUP_FACTOR: '1.5',
      REWORK_POLICY: 'absorb',
      SANDBOX: 'auto',
      EMBEDDER: 'local',
    });
    for (const name of ['DATABASE_URL', 'SMTP_URL', 'LOCAL_SIGN_IN', 'OPENAI_BASE_URL', 'STRIPE_SECRET_KEY'] as const) {
      expect([name, plain[name]]).toEqual([name, undefined]);
    }
  });

  it('treats an empty or blank variable as not set', () => {
    const names = Object.keys(parseEnv({}));
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    const blank = Object.fromEntries(names.map((name) => [name, '  ']));
    expect(names.length).toBeGreaterThan(20);
    expect(parseEnv(empty)).toEqual(parseEnv({}));
    expect(parseEnv(blank)).toEqual(parseEnv({}));
    expect(parseEnv({ LOCAL_SIGN_IN: '', SMTP_URL: '', OPENAI_BASE_URL: '' })).toEqual(parseEnv({}));
  });

  it('reads numbers, switches and lists, and ignores white space around a value', () => {
    expect(
      parseEnv({
        PORT: ' 8080 ',
        LOCAL_SIGN_IN: '1',
        WORKER_IN_WEB: 'false',
        OPERATOR_EMAILS: ' a@b.test, ,c@d.test,',
      }),
    ).toMatchObject({
      PORT: 8080,
      LOCAL_SIGN_IN: true,
      WORKER_IN_WEB: false,
      OPERATOR_EMAILS: ['a@b.test', 'c@d.test'],
    });
    expect(parseEnv({ PORT: '0' }).PORT).toBe(0);
    expect(parseEnv({ PORT: '65535' }).PORT).toBe(65_535);
  });

  it.each([
    ['PORT', 'eighty', 'must be a whole number from 0 to 65535'],
    ['PORT', '65536', 'must be a whole number from 0 to 65535'],
    ['PORT', '-1', 'must be a whole number from 0 to 65535'],
    ['PORT', '0x50', 'must be a whole number from 0 to 65535'],
    ['PORT', '80.5', 'must be a whole number from 0 to 65535'],
    ['PORT', '1e3', 'must be a whole number from 0 to 65535'],
    ['DATABASE_POOL', '0', 'must be a whole number from 1 to 200'],
    ['APP_ENV', 'prod', 'must be one of local, test, production'],
    ['LOG_LEVEL', 'LOUD', 'must be one of fatal, error, warn, info, debug, trace, silent'],
    ['LOCAL_SIGN_IN', 'yes', 'must be true or false'],
    ['APP_URL', 'plumbline.example', 'must be a full URL such as http://127.0.0.1:8080/v1'],
    ['APP_URL', 'localhost:3000', 'must be a full URL such as http://127.0.0.1:8080/v1'],
    ['OPENAI_BASE_URL', 'javascript:alert(1)', 'must be a full URL such as http://127.0.0.1:8080/v1'],
    ['DATABASE_URL', 'mysql://localhost/x', 'must start with postgres:// or postgresql://'],
    ['SMTP_URL', 'mail.example', 'must start with smtp:// or smtps://'],
    ['NEXTAUTH_SECRET', 'short', 'must have at least 16 characters'],
    ['MAIL_FROM', 'Plumbline', 'must be an address such as Plumbline <mail@example.com>'],
    ['DEFAULT_MODEL', 'gpt-5', 'must be provider:model, for example openai:gpt-5-mini'],
    ['CREDIT_VALUE_USD', '0,10', 'must be a decimal number of dollars such as 0.10'],
    ['MARKUP_FACTOR', '1.5x', 'must be a decimal number such as 1.5'],
    ['SANDBOX', 'docker', 'must be one of auto, bubblewrap, off'],
    ['EMBEDDER', 'best', 'must be local, off, or provider:model'],
    ['STRIPE_SECRET_KEY', 'pk_live_x', 'must start with sk_ or rk_: the secret key, not the publishable one'],
  ])('refuses %s=%s in one readable line', (name, value, message) => {
    expect(problems({ STRIPE_WEBHOOK_SECRET: WEBHOOK, [name]: value })).toEqual({ [name]: message });
  });

  it('names every wrong variable at once, those that depend on others too, and shows no value', () => {
    const source = {
      PORT: 'hunter2',
      LOG_LEVEL: 'hunter2',
      SMTP_URL: 'hunter2',
      APP_ENV: 'production',
      GITHUB_ID: 'hunter2',
      STRIPE_SECRET_KEY: 'hunter2',
      OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:11434/v1',
      OPENAI_COMPATIBLE_MODELS: ' , ',
    };
    const found = problems(source);
    expect(Object.keys(found).sort()).toEqual([
      'APP_ENCRYPTION_KEY',
      'GITHUB_SECRET',
      'LOG_LEVEL',
      'NEXTAUTH_SECRET',
      'OPENAI_COMPATIBLE_MODELS',
      'PORT',
      'SMTP_URL',
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('refuses payments for nothing beside a key that takes money', () => {
    const live = { STRIPE_WEBHOOK_SECRET: WEBHOOK, MOCK_STRIPE_PAYMENTS: 'true' };
    for (const key of ['sk_live_x', 'rk_live_x', ' sk_live_x ', 'sk_org_live_x', 'sk_org_x', 'sk_x']) {
      expect(Object.keys(problems({ ...live, STRIPE_SECRET_KEY: key }))).toEqual(['MOCK_STRIPE_PAYMENTS']);
      expect(problems({ ...live, STRIPE_SECRET_KEY: key, MOCK_STRIPE_PAYMENTS: 'false' })).toEqual({});
    }
    expect(problems({ ...live, STRIPE_SECRET_KEY: 'sk_test_x' })).toEqual({});
  });

  it.each([
    'a'.repeat(32),
    'abab'.repeat(8),
    '0123456789abcdef',
    'fedcba9876543210',
    'correct-horse-correct-horse-',
    'changemechangeme',
    'please-change-me-1',
    'my-password-1234!',
    'your-secret-goes-here',
    '1111222233334444',
    'abcdefghijklmnopqrstuvwxyz',
    'whsec_aaaaaaaaaaaaaaaaaaaa',
  ])('refuses the secret %s', (secret) => {
    for (const name of ['NEXTAUTH_SECRET', 'APP_ENCRYPTION_KEY', 'STRIPE_WEBHOOK_SECRET'])
      expect(problems({ [name]: secret })).toEqual({ [name]: expect.stringContaining('can be guessed') });
  });

  it('takes random secrets of every usual kind', () => {
    for (let i = 0; i < 500; i++) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(problems({ NEXTAUTH_SECRET: randomBytes(24).toString(encoding) })).toEqual({});
    }
    expect(problems({ NEXTAUTH_SECRET: 'four-unrelated-words-violet-anchor' })).toEqual({});
  });

  it('wants both halves of a provider’s credentials', () => {
    expect(problems({ GITHUB_ID: 'x' })).toEqual({ GITHUB_SECRET: 'required with GITHUB_ID' });
    expect(problems({ GITHUB_SECRET: 'x' })).toEqual({ GITHUB_ID: 'required with GITHUB_SECRET' });
    expect(problems({ GOOGLE_CLIENT_ID: 'x' })).toEqual({ GOOGLE_CLIENT_SECRET: 'required with GOOGLE_CLIENT_ID' });
    expect(problems({ GITHUB_ID: 'x', GITHUB_SECRET: 'y', GOOGLE_CLIENT_ID: 'x', GOOGLE_CLIENT_SECRET: 'y' })).toEqual(
      {},
    );
  });
});

describe('in production', () => {
  it('a secret, a way to sign in and a word about payments are required', () => {
    expect(Object.keys(problems({ APP_ENV: 'production' })).sort()).toEqual([
      'APP_ENCRYPTION_KEY',
      'NEXTAUTH_SECRET',
      'SMTP_URL',
      'STRIPE_SECRET_KEY',
    ]);
    expect(problems(PRODUCTION)).toEqual({});
    expect(problems({ ...PRODUCTION, MOCK_STRIPE_PAYMENTS: '' })).toHaveProperty('STRIPE_SECRET_KEY');
    expect(problems({ ...PRODUCTION, NEXTAUTH_SECRET: ' ' })).toHaveProperty('NEXTAUTH_SECRET');
  });

  it('any way to sign in will do, but never links that are shown on a page', () => {
    const noMail = { ...PRODUCTION, SMTP_URL: undefined };
    expect(problems(noMail)).toHaveProperty('SMTP_URL');
    expect(problems({ ...noMail, LOCAL_SIGN_IN: 'false' })).toHaveProperty('SMTP_URL');
    expect(problems({ ...noMail, GITHUB_ID: 'x', GITHUB_SECRET: 'y' })).toEqual({});
    for (const yes of ['true', '1']) {
      expect(Object.keys(problems({ ...noMail, LOCAL_SIGN_IN: yes })).sort()).toEqual(['LOCAL_SIGN_IN', 'SMTP_URL']);
      expect(Object.keys(problems({ ...PRODUCTION, LOCAL_SIGN_IN: yes }))).toEqual(['LOCAL_SIGN_IN']);
    }
  });

  it('a production build on a laptop is not production', () => {
    expect(problems({ NODE_ENV: 'production' })).toEqual({});
  });
});

describe('what follows from the environment', () => {
  const before = { ...process.env };
  const set = (variables: Record<string, string>) => {
    Object.assign(process.env, variables);
    resetEnv();
  };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    set(before as Record<string, string>);
  });

  it.each<[boolean, Record<string, string>]>([
    [true, {}],
    [true, { HOST: 'localhost' }],
    [true, { HOST: '::1' }],
    [true, { APP_URL: 'http://localhost:4000' }],
    [false, { HOST: '0.0.0.0' }],
    [false, { HOST: '192.168.1.5' }],
    [false, { SMTP_URL: 'smtp://127.0.0.1' }],
    [false, { LOCAL_SIGN_IN: 'false' }],
    [true, { LOCAL_SIGN_IN: 'true', HOST: '0.0.0.0' }],
    // Bound to loopback behind a proxy: everybody reaches it.
    [false, { APP_URL: 'https://plumbline.example' }],
    [false, { ...PRODUCTION, SMTP_URL: '', GITHUB_ID: 'x', GITHUB_SECRET: 'y' }],
    [true, { APP_URL: 'https://plumbline.example', LOCAL_SIGN_IN: 'true' }],
  ])('sign-in links may be shown locally: %s with %o', (allowed, variables) => {
    set(variables);
    expect(localSignInAllowed()).toBe(allowed);
  });

  it('the database is embedded, and payments are local, until something else is set', () => {
    set({ DATABASE_URL: '' });
    expect([isEmbedded(), mockPayments()]).toEqual([true, true]);
    set({ DATABASE_URL: 'postgres://localhost/x', STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_WEBHOOK_SECRET: WEBHOOK });
    expect([isEmbedded(), mockPayments()]).toEqual([false, false]);
    set({ MOCK_STRIPE_PAYMENTS: 'true' });
    expect(mockPayments()).toBe(true);
  });

  it.each<[number, string, Record<string, string>]>([
    [1, 'STRIPE_SECRET_KEY is a test key', { ...PRODUCTION, STRIPE_SECRET_KEY: 'sk_test_x' }],
    [1, 'STRIPE_SECRET_KEY is a test key', { ...PRODUCTION, STRIPE_SECRET_KEY: 'rk_test_x' }],
    [0, '', { ...PRODUCTION, STRIPE_SECRET_KEY: 'rk_live_x' }],
    [0, '', { ...PRODUCTION, STRIPE_SECRET_KEY: 'sk_test_x', MOCK_STRIPE_PAYMENTS: 'true' }],
    [0, '', { STRIPE_SECRET_KEY: 'sk_test_x' }],
    [0, '', PRODUCTION],
    [1, 'TRUSTED_PROXIES is 0', { APP_URL: 'https://plumbline.example' }],
    [1, 'TRUSTED_PROXIES is 0', { APP_URL: 'http://192.168.1.5:3000' }],
    [0, '', { APP_URL: 'https://plumbline.example', TRUSTED_PROXIES: '1' }],
    [0, '', { APP_URL: 'http://localhost:4000' }],
    [0, '', {}],
    [2, 'TRUSTED_PROXIES is 0', { ...PRODUCTION, APP_URL: 'https://x.example', STRIPE_SECRET_KEY: 'sk_test_x' }],
  ])('warns %i times (%s) with %o', (count, words, variables) => {
    set({ STRIPE_WEBHOOK_SECRET: WEBHOOK, ...variables });
    const warnings = environmentWarnings();
    expect(warnings).toHaveLength(count);
    expect(warnings.join('\n')).toContain(words);
  });

  it('https is what APP_URL says', () => {
    expect(servesHttps()).toBe(false);
    set({ APP_URL: 'https://plumbline.example' });
    expect(servesHttps()).toBe(true);
    set({ APP_URL: 'http://plumbline.example' });
    expect(servesHttps()).toBe(false);
  });

  it('is read once', () => {
    set({ PORT: '4001' });
    const first = env();
    process.env.PORT = '4002';
    expect(env()).toBe(first);
    expect(env().PORT).toBe(4001);
  });
});

it('the operator guide names every variable', () => {
  const names = [...readFileSync('server/platform/env.ts', 'utf8').matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(
    ([, name]) => name,
  );
  const guide = readFileSync('docs/operator-guide.md', 'utf8');
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual(['NODE_ENV']);
});
