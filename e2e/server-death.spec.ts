import { expect, type Page, test } from '@playwright/test';
import { goodReply, scriptedProject, wholeFile } from '@/test/fake-model/scripted-project';
import { startFakeModel } from '@/test/fake-model/server';
import type { ProjectFacts } from './database';
import { type OwnServer, ownServer } from './own-server';
import { createProject, newAddress, query, signIn, waitForStatus } from './support';

interface Timeline {
  steps: { step: string; taskKey: string | null; status: string }[];
}
interface Chat {
  messages: { text: string; status: string }[];
}

/** A kind of step, and how the test knows that the server is in the middle of one. */
interface Moment {
  step: string;
  task: string;
  /** The model is asked and answers half; without it the step runs commands. */
  asks: boolean;
  /** Half an answer is seen in the chat. */
  streams: boolean;
}

const MOMENTS: Moment[] = [
  { step: 'clarify', task: '', asks: true, streams: false },
  { step: 'spec', task: '', asks: true, streams: true },
  { step: 'plan', task: '', asks: true, streams: false },
  { step: 'implement', task: 'T1', asks: true, streams: true },
  { step: 'check', task: 'T1', asks: false, streams: false },
  { step: 'review', task: 'T1', asks: true, streams: false },
  { step: 'document', task: '', asks: true, streams: true },
  { step: 'final-check', task: '', asks: false, streams: false },
];

/** Long enough for a signal to arrive while it runs. */
const SLOW_TEST = wholeFile(
  'test/slow.test.js',
  "import { test } from 'node:test';\ntest('slow', () => new Promise((resolve) => setTimeout(resolve, 1500)));",
);

/** A model that answers a step at which the server shall die with half an answer, once, and says that it was asked. */
function scriptOf(moments: readonly Moment[]) {
  const script = scriptedProject();
  const left = new Set(moments.filter(({ asks }) => asks));
  const reached = new Set<Moment>();
  for (const role of ['clarify', 'spec', 'plan', 'implement', 'review', 'document']) {
    script.overrides[role] = ({ task }) => {
      const moment = [...left].find((one) => one.step === role && one.task === task);
      if (moment === undefined)
        return role === 'implement' && task === 'T1' ? `${goodReply('T1')}\n${SLOW_TEST}` : undefined;
      left.delete(moment);
      reached.add(moment);
      return { text: `Half an answer about ${role} ${task} that never ends.`, fault: { kind: 'hang' } };
    };
  }
  return { script, reached };
}

async function untilInTheMiddle(page: Page, projectId: string, moment: Moment, reached: Set<Moment>): Promise<void> {
  const where = { timeout: 60_000, intervals: [20], message: `${moment.step} ${moment.task}` };
  if (moment.asks) await expect.poll(() => reached.has(moment), where).toBe(true);
  if (moment.streams) {
    const half = `Half an answer about ${moment.step}`;
    await expect
      .poll(async () => {
        const { messages } = await query<Chat>(page, 'chat.list', { projectId });
        return messages.some(({ status, text }) => status === 'streaming' && text.startsWith(half));
      }, where)
      .toBe(true);
  }
  if (!moment.asks)
    await expect
      .poll(async () => {
        const { steps } = await query<Timeline>(page, 'runs.timeline', { projectId });
        return steps.some(
          ({ step, taskKey, status }) =>
            step === moment.step && (taskKey ?? '') === moment.task && status === 'running',
        );
      }, where)
      .toBe(true);
}

const log = async (page: Page) => (await page.getByRole('log').textContent()) ?? '';

test('SIGKILL of the server in the middle of each kind of step: it goes on by itself, nothing twice, nothing lost', async ({
  browser,
}) => {
  // About a minute on a quiet machine: nine starts of the server. The rest is for machines that do something else as well.
  test.setTimeout(400_000);
  const { script, reached } = scriptOf(MOMENTS);
  const fake = await startFakeModel(script.respond);
  const server: OwnServer = await ownServer({
    OPENAI_COMPATIBLE_BASE_URL: `${fake.url}/v1`,
    OPENAI_COMPATIBLE_MODELS: 'fake',
    MODEL_MAX_RETRIES: '0',
  });
  const context = await browser.newContext({ baseURL: server.url });
  try {
    await server.database('price', 'compatible:fake');
    await server.start();
    const page = await context.newPage();
    await signIn(page, newAddress('survivor'));
    const projectId = await createProject(page, 'Three sums with tests.');
    const { sandbox } = await query<{ sandbox: { available: boolean } }>(page, 'account.me', {});
    for (const moment of MOMENTS) {
      // Where no sandbox runs commands, a check is over before a signal arrives.
      if (!moment.asks && !sandbox.available) continue;
      if (moment.step === 'implement')
        await page.getByRole('button', { name: /^Approve plan/ }).click({ timeout: 60_000 });
      await untilInTheMiddle(page, projectId, moment, reached);
      await server.kill();
      await server.start();
    }
    await waitForStatus(page, projectId, 'completed');

    // The page that stayed open through every death shows what a page opened now shows.
    const fresh = await context.newPage();
    await fresh.goto(page.url());
    await expect(fresh.getByRole('log')).toContainText('Run the tests with');
    await expect.poll(async () => (await log(page)) === (await log(fresh))).toBe(true);
    await expect(page.getByText('writing…')).toHaveCount(0);

    await server.stop();
    const facts = await server.database<ProjectFacts>('facts', projectId);
    expect(facts).toEqual({
      ledgerDifferences: [],
      openHolds: 0,
      runningCalls: 0,
      diedCalls: MOMENTS.filter(({ asks }) => asks).length,
      journal: facts.journal.filter((line, index, all) => all.indexOf(line) === index),
      unfinished: [],
      paidOtherThanOnce: [],
      events: facts.events,
      eventsGapless: true,
      streamingMessages: 0,
      taskCharges: [facts.taskCharges[1], facts.taskCharges[1]],
    });
    expect(facts.journal.length).toBe(3 + 3 * 4 + 3);
    expect(BigInt(facts.taskCharges[1])).toBeGreaterThan(0n);
    // The provider was asked again about exactly what was cut off.
    const asked = new Map<string, number>();
    for (const { role, task } of script.asked) asked.set(`${role} ${task}`, (asked.get(`${role} ${task}`) ?? 0) + 1);
    const cut = new Set(MOMENTS.map(({ step, task }) => `${step} ${task}`));
    expect([...asked].filter(([name, count]) => count !== (cut.has(name) ? 2 : 1))).toEqual([]);
  } finally {
    await context.close();
    await server.dispose();
    await fake.close();
  }
});
