import { afterAll, expect, it } from 'vitest';
import { storeOwnKey } from '@/server/models/keys/own-keys';
import { removeMember } from '@/server/organizations/remove-member';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { createProject } from '@/server/projects/create-project';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { database, drive, fake, owner, script } from '@/test/scripted-runs';
import { resumeRun } from './command-run';

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

it('a run of somebody who was removed makes no call on the team’s own key, though it would cost no credits', async () => {
  process.env.OPENAI_BASE_URL = `${fake.url}/v1`;
  resetEnv();
  const { organizationId } = owner;
  await database.prisma.organization.update({ where: { id: organizationId }, data: { kind: 'team' } });
  const member = { organizationId, userId: newId() };
  await database.prisma.user.create({ data: { id: member.userId, email: `${member.userId}@example.test` } });
  await database.prisma.membership.create({ data: { id: newId(), ...member, role: 'member' } });
  await storeOwnKey({ ...owner, provider: 'openai', key: OWN_KEY });
  const description = 'Three sums with tests.';
  const projectId = await createProject({ ...owner, description, modelRef: 'openai:gpt-5-mini' });
  await drive((await database.prisma.run.findFirstOrThrow({ where: { projectId } })).id);
  const runId = await approvePlan({ ...member, projectId }, 1);
  await removeMember(owner, member.userId);
  const where = { projectId };
  const before = await database.prisma.modelCall.count({ where });
  await drive(runId);
  expect(await database.prisma.modelCall.count({ where })).toBe(before);
  expect(await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } })).toMatchObject({
    status: 'awaiting_credits',
    statusReason: expect.stringContaining('no longer in this organization'),
  });

  await resumeRun({ ...owner, projectId });
  await drive(runId);
  expect((await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } })).status).toBe('completed');
  const calls = await database.prisma.modelCall.findMany({ where });
  expect(calls.every(({ ownKey, userId }) => ownKey && userId === owner.userId)).toBe(true);
});
