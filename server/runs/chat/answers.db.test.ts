import { describe, expect, it } from 'vitest';
import { newId } from '@/server/platform/ids';
import { createProject } from '@/server/projects/create-project';
import { writeAnswers } from '@/test/answers';
import { database, fake, MODEL, owner, script } from '@/test/scripted-runs';
import { eventually } from '@/test/server-process';
import { seedOrganization } from '@/test/test-db';
import { editAndResend, sendMessage } from './send-message';
import { stopAnswer } from './stop-answer';
import { viewChat } from './view-chat';
import { writeAnswer } from './write-answer';

type Own = { organizationId: string; userId: string; projectId: string };

/** A project whose design is over: what is written in it is a question. */
async function project(of = owner): Promise<Own> {
  const projectId = await createProject({ ...of, description: 'Three sums with tests.', modelRef: MODEL });
  await database.prisma.run.deleteMany({ where: { projectId } });
  await database.prisma.project.update({ where: { id: projectId }, data: { status: 'awaiting_approval' } });
  return { ...of, projectId };
}

const chat = async (own: Own) =>
  (await viewChat(own)).messages
    .filter(({ purpose }) => purpose === 'ask')
    .map(({ role, text, status, costMicro }) => ({ role, text, status, free: costMicro === 0n }));
const answerIn = async (own: Own) => (await chat(own)).at(-1);
const balance = ({ organizationId }: { organizationId: string }) =>
  database.prisma.creditBalance.findUniqueOrThrow({ where: { organizationId } });
const calls = ({ projectId }: Own) => database.prisma.modelCall.findMany({ where: { projectId } });

/** Asks, and begins to write an answer that falls silent after half of it was seen. */
async function hanging(own: Own) {
  script.overrides.ask = () => ({
    text: 'It adds two numbers and returns their sum.',
    chunkSize: 8,
    fault: { kind: 'hang' },
  });
  await sendMessage(own, 'What does it do?');
  const writing = writeAnswers();
  const seen = await eventually(
    async () => {
      const answer = await answerIn(own);
      return answer?.text.startsWith('It adds') ? answer.text : null;
    },
    20_000,
    'half an answer',
  );
  return { writing, seen };
}

describe('an answer', () => {
  it('is written by a worker, charged once, and leaves the run of the project what it was', async () => {
    script.overrides.ask = () => 'It adds two numbers.';
    const own = await project();
    await sendMessage(own, 'What does it do?');
    expect(await answerIn(own)).toEqual({ role: 'assistant', text: '', status: 'streaming', free: true });
    await writeAnswers();
    expect(await answerIn(own)).toEqual({
      role: 'assistant',
      text: 'It adds two numbers.',
      status: 'final',
      free: false,
    });
    // Its job may come twice.
    const { id } = await database.prisma.run.findFirstOrThrow({ where: { projectId: own.projectId } });
    await writeAnswer(id, { owner: 'another' });
    expect(await calls(own)).toMatchObject([{ status: 'succeeded', runId: id }]);
    expect(await database.prisma.creditEntry.count({ where: { projectId: own.projectId, kind: 'usage' } })).toBe(1);
  });

  it('of a failing model ends as failed, says why, costs nothing, and the next question is answered', async () => {
    const own = await project();
    script.overrides.ask = ({ before }) =>
      before === 0 ? { text: '', fault: { kind: 'status', status: 500 } } : 'It adds two numbers.';
    await sendMessage(own, 'What does it do?');
    await writeAnswers();
    expect(await answerIn(own)).toMatchObject({
      status: 'failed',
      free: true,
      text: expect.stringContaining('Nothing was charged'),
    });
    await sendMessage(own, 'And now?');
    await writeAnswers();
    expect(await answerIn(own)).toMatchObject({ status: 'final', text: 'It adds two numbers.' });
  });
});

describe('stop', () => {
  it('keeps what was seen, charges and holds nothing, and closes the provider’s connection (case U6)', async () => {
    const own = await project();
    const before = await balance(own);
    const hungUp = fake.hungUp.length;
    const { writing, seen } = await hanging(own);
    expect((await balance(own)).held).toBeGreaterThan(0n);
    await stopAnswer(own);
    // All of it is true when stop returns, without waiting for the writer.
    expect(await answerIn(own)).toEqual({ role: 'assistant', text: seen, status: 'stopped', free: true });
    expect(await balance(own)).toMatchObject({ bonus: before.bonus, monthly: before.monthly, held: 0n });
    await writing;
    await eventually(async () => (fake.hungUp.length > hungUp ? true : null), 1000, 'the provider was hung up on');
    expect(await calls(own)).toMatchObject([{ status: 'aborted', chargedMicro: 0n }]);
    expect(await answerIn(own)).toMatchObject({ text: seen, status: 'stopped' });
  });

  it('twice, or when nothing is being written, changes nothing more', async () => {
    const own = await project();
    await stopAnswer(own);
    const { writing } = await hanging(own);
    await Promise.all([stopAnswer(own), stopAnswer(own), stopAnswer(own)]);
    await writing;
    const ends = await database.prisma.runEvent.count({ where: { projectId: own.projectId, kind: 'text-end' } });
    // The question, the answer, and the description of the project.
    expect(ends).toBe(3);
    const stranger = { ...(await seedOrganization(database)), projectId: own.projectId };
    await expect(stopAnswer(stranger)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('before a worker took the answer asks no model and costs nothing', async () => {
    const own = await project();
    await sendMessage(own, 'What does it do?');
    await stopAnswer(own);
    await writeAnswers();
    expect(await answerIn(own)).toMatchObject({ status: 'stopped', text: '', free: true });
    expect(await calls(own)).toEqual([]);
    expect(script.asked.filter(({ role }) => role === 'ask')).toEqual([]);
  });

  it('at the moment the answer is paid for: either it was stopped and is free, or it was whole and is charged', async () => {
    script.overrides.ask = () => 'It adds two numbers.';
    const own = await project();
    for (let round = 0; round < 4; round++) {
      await sendMessage(own, 'What does it do?');
      const writing = writeAnswers();
      await eventually(async () => ((await answerIn(own))?.text === '' ? null : true), 20_000, 'text');
      await stopAnswer(own);
      await writing;
      const answer = await answerIn(own);
      expect(answer?.free).toBe(answer?.status === 'stopped');
    }
  });
});

describe('questions at the same time', () => {
  it('five with credits for two: two are answered, three refused, nothing below zero (case M1-concurrent)', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    script.overrides.ask = () => 'It adds two numbers.';
    const probe = await project();
    await sendMessage(probe, 'How much is held?');
    await writeAnswers();
    const { amount } = await database.prisma.creditHold.findFirstOrThrow({ where: { projectId: probe.projectId } });

    const poor = await seedOrganization(database, { planId: 'pro', monthlyMicro: amount * 2n });
    const five: Own[] = [];
    for (let i = 0; i < 5; i++) five.push(await project(poor));
    for (const own of five) await sendMessage(own, 'What does it do?');
    script.overrides.ask = () => ({ text: 'It adds two numbers.', until: gate });
    const runs = await database.prisma.run.findMany({ where: { organizationId: poor.organizationId, kind: 'ask' } });
    const writing = runs.map(({ id }) => writeAnswer(id, { owner: id }));
    await eventually(
      async () =>
        (await database.prisma.run.count({ where: { organizationId: poor.organizationId, status: 'failed' } })) === 3
          ? true
          : null,
      20_000,
      'three are refused while two are being answered',
    );
    open();
    await Promise.all(writing);
    const ends = (await Promise.all(five.map(answerIn))).map((answer) => `${answer?.status} ${answer?.free}`).sort();
    expect(ends).toEqual(['failed true', 'failed true', 'failed true', 'final false', 'final false']);
    const { monthly, held } = await balance(poor);
    expect(held).toBe(0n);
    expect(monthly).toBeGreaterThanOrEqual(0n);
    expect(monthly).toBeLessThan(amount * 2n);
  });

  it('in one project: one is taken, the other refused, and nothing of it stays', async () => {
    const own = await project();
    const both = await Promise.allSettled([sendMessage(own, 'One?'), sendMessage(own, 'Two?')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
    expect((await chat(own)).map(({ role, status }) => `${role} ${status}`)).toEqual([
      'user final',
      'assistant streaming',
    ]);
    // The database itself refuses a second from any writer.
    const { organizationId, projectId } = own;
    const second = { id: newId(), organizationId, projectId, kind: 'ask' };
    await expect(database.prisma.run.create({ data: second })).rejects.toMatchObject({ code: 'P2002' });
    await stopAnswer(own);
  });

  it('an edit into a change that is refused strikes nothing out', async () => {
    script.overrides.ask = () => 'It adds two numbers.';
    const own = await project();
    const id = await sendMessage(own, 'What does it do?');
    await writeAnswers();
    const before = await chat(own);
    await database.prisma.project.update({ where: { id: own.projectId }, data: { status: 'archived' } });
    await expect(editAndResend(own, id, '/change it subtracts')).rejects.toMatchObject({ code: 'wrong_status' });
    expect(await chat(own)).toEqual(before);
  });

  it('a refused edit strikes nothing out', async () => {
    script.overrides.ask = () => 'It adds two numbers.';
    const own = await project();
    const id = await sendMessage(own, 'What does it do?');
    await writeAnswers();
    await sendMessage(own, 'And then?');
    const before = await chat(own);
    await expect(editAndResend(own, id, 'What is it?')).rejects.toMatchObject({ code: 'conflict' });
    expect(await chat(own)).toEqual(before);
    await stopAnswer(own);
    await editAndResend(own, id, 'What is it?');
    await writeAnswers();
    expect((await chat(own)).map(({ text }) => text)).toEqual(['What is it?', 'It adds two numbers.']);
  });
});
