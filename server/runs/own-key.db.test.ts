import { afterAll, expect, it } from 'vitest';
import { storeOwnKey } from '@/server/models/own-keys';
import { resetEnv } from '@/server/platform/env';
import { resumeRun } from './command-run';
import { createProject } from './create-project';
import { database, drive, fake, owner, script } from './test-scripted-runs';

const OWN_KEY = 'sk-own-0123456789-9999';

afterAll(() => {
  delete process.env.OPENAI_BASE_URL;
  resetEnv();
});

it('a run on an own key that is refused pauses at the first try and says what to do; a new key lets it go on', async () => {
  process.env.OPENAI_BASE_URL = `${fake.url}/v1`;
  resetEnv();
  await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
  script.overrides.spec = () => ({ text: '', fault: { kind: 'status', status: 401 } });
  const projectId = await createProject({
    ...owner,
    description: 'Three sums with tests.',
    modelRef: 'openai:gpt-5-mini',
  });
  const run = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  await drive(run.id);
  expect(await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } })).toMatchObject({
    status: 'paused',
    statusReason: expect.stringContaining('Replace or remove it'),
  });
  expect(script.asked.filter(({ role }) => role === 'spec')).toHaveLength(1);
  const calls = await database.prisma.modelCall.findMany({ where: { runId: run.id, role: 'spec' } });
  expect(calls).toMatchObject([{ status: 'failed', errorCode: 'own_key_refused', chargedMicro: 0n }]);

  script.overrides = {};
  await storeOwnKey({ ...owner, provider: 'openai', key: 'sk-own-new-0123456789' });
  await resumeRun({ ...owner, projectId });
  await drive(run.id);
  expect((await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } })).status).toBe(
    'awaiting_approval',
  );
});
