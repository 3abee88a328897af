import 'server-only';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';

/** A model of each provider, which a test's server answers for. */
export const MODELS = ['openai', 'google', 'anthropic', 'openrouter', 'compatible'] as const;

/** Nano-dollars per million tokens. */
export const PRICE = {
  inputPerMillion: 2_000_000_000n,
  outputPerMillion: 8_000_000_000n,
  cachedPerMillion: 500_000_000n,
};

let set: string[] = [];

/** Sends the requests of all providers to one address, `/v1` in OpenAI's protocol, `/google` in Google's, `/anthropic` in Anthropic's; null takes it back. */
export function configureProviders(url: string | null, more: Record<string, string> = {}): void {
  for (const name of set) delete process.env[name];
  const settings: Record<string, string> =
    url === null
      ? {}
      : {
          OPENAI_API_KEY: 'sk-test-openai-1111',
          GOOGLE_API_KEY: 'test-google-2222',
          ANTHROPIC_API_KEY: 'sk-ant-test-5555',
          OPENROUTER_API_KEY: 'sk-or-test-3333',
          OPENAI_COMPATIBLE_API_KEY: 'local-4444',
          OPENAI_COMPATIBLE_MODELS: 'fake',
          OPENAI_BASE_URL: `${url}/v1`,
          GOOGLE_BASE_URL: `${url}/google`,
          ANTHROPIC_BASE_URL: `${url}/anthropic/v1`,
          OPENROUTER_BASE_URL: `${url}/v1`,
          OPENAI_COMPATIBLE_BASE_URL: `${url}/v1`,
          ...more,
        };
  set = Object.keys(settings);
  Object.assign(process.env, settings);
  resetEnv();
}

/** Puts `provider:fake` into the catalogue; every plan may use it wherever it may do anything. */
export async function listInPlans({ prisma }: Database, provider: string, modelId = 'fake'): Promise<void> {
  const modelRowId = `${provider}:${modelId}`;
  await prisma.llmModel.create({ data: { id: modelRowId, provider, modelId, label: `Fake ${provider}` } });
  await prisma.modelPrice.create({ data: { id: newId(), modelRowId, ...PRICE, effectiveFrom: new Date(0) } });
  const rows = await prisma.planCapabilityQuality.findMany();
  await prisma.planQualityModel.createMany({ data: rows.map((row) => ({ ...row, modelRowId, priority: 90 })) });
}
