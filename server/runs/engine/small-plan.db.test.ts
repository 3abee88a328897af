import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { buildArchive } from '@/server/projects/build-archive';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { plan } from '@/test/fake-model/scripted-project';
import { database, designed, drive, script, status } from '@/test/scripted-runs';

const onlyTask = (path = 'src/add.js') => {
  const [first] = plan().tasks;
  return { ...plan(), tasks: [{ ...first, files: [{ path, action: 'create' }] }] };
};

it('a plan of one task runs to its ZIP', async () => {
  script.overrides.plan = () => JSON.stringify(onlyTask());
  const own = await designed();
  await drive(await approvePlan(own, 1));
  expect(await status(own.projectId)).toEqual({ project: 'completed', tasks: [['approved', 1]] });
  const { manifest, open } = await buildArchive({ ...own, snapshotId: null, flat: true });
  const zip = await buffer(await open());
  for (const path of ['src/add.js', 'README.md', 'SPEC.md', 'PLAN.md', 'PLUMBLINE.json'])
    expect(zip.includes(path)).toBe(true);
  expect(manifest.criteria).toMatchObject([{ task: 'T1', status: 'approved', met: true }]);
  expect(script.asked.filter(({ role }) => role === 'plan')).toHaveLength(1);
});

it('a path that cannot be written is asked for again with the reason, and nothing is planned with it', async () => {
  script.overrides.plan = ({ before }) => JSON.stringify(onlyTask(before === 0 ? 'src/*.js' : 'src/add.js'));
  const own = await designed();
  const prompts = script.asked.filter(({ role }) => role === 'plan').map(({ request }) => request.prompt);
  expect(prompts).toHaveLength(2);
  expect(prompts[1]).toContain('Name one file inside the project');
  const [task] = await database.prisma.task.findMany({ where: { projectId: own.projectId } });
  expect(task?.files).toEqual([{ path: 'src/add.js', action: 'create' }]);
});
