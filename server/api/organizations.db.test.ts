import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTeam } from '@/server/credits/ledger/create-team';
import { database, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { createProject } from '@/server/projects/create-project';
import { appendEvents } from '@/server/runs/stream/event-log';
import { as, cookies, type Person, person, startApi, stopApi } from '@/test/people';
import { handleSwitchOrganization } from './http/switch-organization-handler';

let ada: Person;
beforeAll(startApi);
afterAll(stopApi);
beforeEach(async () => {
  ada = await person('Ada');
});

describe('an open event stream', () => {
  it('ends for a removed member, within the time a membership is trusted, and goes on for the others', async () => {
    const { prisma } = database();
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const bob = await person('Bob');
    const membership = await prisma.membership.create({
      data: { id: newId(), organizationId, userId: bob.userId, role: 'member' },
    });
    const projectId = await createProject({ organizationId, userId: ada.userId, example: 'habit-tracker' });
    const scope = { organizationId, projectId };
    const say = (delta: string) => inTx((tx) => appendEvents(tx, scope, [{ type: 'text-delta', id: 'm', delta }]));
    await say('first');
    const follow = async (who: Person) => {
      const events = await (await as(who, organizationId)).runs.events({ projectId });
      return events[Symbol.asyncIterator]();
    };
    const [mine, his] = [await follow(ada), await follow(bob)];
    expect([(await mine.next()).done, (await his.next()).done]).toEqual([false, false]);
    await (await as(ada, organizationId)).organizations.remove({ userId: membership.userId });
    const clock = performance.now();
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => clock + 6_000);
    await say('second');
    const ended = await Promise.all([mine.next(), his.next()]);
    spy.mockRestore();
    expect(ended.map(({ done }) => done)).toEqual([false, true]);
    await mine.return?.();
    await expect((await as(bob, organizationId)).runs.events({ projectId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('switching organizations', () => {
  const ask = (who: Person | null, body: unknown, headers: Record<string, string> = {}) =>
    handleSwitchOrganization(
      new Request('http://localhost:3000/api/organization', {
        method: 'POST',
        headers: { host: 'localhost:3000', ...(who === null ? {} : cookies(who)), ...headers },
        body: JSON.stringify(body),
      }),
    );

  it('makes everything act for the other one; projects of the first are not found there', async () => {
    const projectId = await createProject({ ...ada, description: 'Only of the personal workspace.' });
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const response = await ask(ada, { organizationId });
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(
      /^plumbline-org=[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
    );
    const [, id = ''] = /plumbline-org=([^;]+)/.exec(response.headers.get('set-cookie') ?? '') ?? [];
    const team = await as(ada, id);
    expect((await team.account.me()).organization).toMatchObject({ id: organizationId, role: 'owner', kind: 'team' });
    expect((await team.projects.list({})).projects).toEqual([]);
    await expect(team.projects.get({ projectId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await (await as(ada)).projects.get({ projectId });
  });

  it('is only possible into one’s own, signed in, from this site', async () => {
    const bob = await person('Bob');
    const { organizationId } = await createTeam({ userId: bob.userId, name: 'Bob’s' });
    for (const [status, response] of [
      [404, await ask(ada, { organizationId })],
      [404, await ask(ada, { organizationId: 'none' })],
      [401, await ask(null, { organizationId })],
      [400, await ask(ada, { organizationId: 7 })],
      [403, await ask(ada, { organizationId: ada.organizationId }, { origin: 'https://evil.test' })],
    ] as const) {
      expect([status, response.headers.get('set-cookie')]).toEqual([response.status, null]);
    }
  });
});
