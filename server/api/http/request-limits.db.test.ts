import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { createProject } from '@/server/projects/create-project';
import { type HttpServer, serveHandler } from '@/test/http-server';
import { as, cookies, type Person, person, startApi, stopApi } from '@/test/people';
import { STREAMS_PER_ACCOUNT } from '../open-streams';
import { handleSwitchOrganization } from './switch-organization-handler';
import { handleTrpc } from './trpc-handler';

let server: HttpServer;
let ada: Person;
beforeAll(async () => {
  await startApi();
  server = await serveHandler((request) =>
    new URL(request.url).pathname === '/api/organization' ? handleSwitchOrganization(request) : handleTrpc(request),
  );
});
afterAll(async () => {
  await server.close();
  await stopApi();
});
beforeEach(async () => {
  ada = await person('ada');
});
afterEach(() => {
  for (const name of ['PROJECTS_PER_MINUTE', 'PROJECTS_PER_DAY', 'OPERATOR_EMAILS', 'APP_URL'])
    delete process.env[name];
  resetEnv();
});

interface Answer {
  status: number;
  text: string;
  headers: Headers;
}
async function send(path: string, init: RequestInit = {}, who: Person | null = ada): Promise<Answer> {
  const response = await fetch(`${server.url}/api/${path}`, {
    ...init,
    headers: { 'content-type': 'application/json', ...(who === null ? {} : cookies(who)), ...init.headers },
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
const mutate = (path: string, json: unknown, who: Person | null = ada) =>
  send(`trpc/${path}`, { method: 'POST', body: JSON.stringify({ json }) }, who);
const query = (path: string, json: string, who: Person | null = ada) =>
  send(`trpc/${path}?input=${encodeURIComponent(json)}`, {}, who);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('input that is nested', () => {
  it('a million levels deep is a 400 on every route, and the server goes on', async () => {
    const million = '['.repeat(1_000_000 - 20);
    for (const path of ['trpc/projects.create', 'trpc/projects.create?batch=1', 'organization'])
      expect((await send(path, { method: 'POST', body: million })).status).toBe(400);
    expect((await send('trpc/projects.create', { method: 'POST', body: `{"json":${nested(499_000)}}` })).status).toBe(
      400,
    );
    expect((await query('catalogue.pricing', '{}', null)).status).toBe(200);
  });

  it.each([70, 500, 950, 2000])('%i levels deep is a 400 too, in a body and in an address', async (depth) => {
    const wire = `{"json":{"projectId":${nested(depth)}}}`;
    for (const path of ['projects.archive', 'catalogue.pricing']) {
      const init = { method: 'POST', body: wire };
      const status =
        path === 'projects.archive' ? (await send(`trpc/${path}`, init)).status : (await query(path, wire)).status;
      expect([path, status]).toEqual([path, 400]);
    }
    const batch = encodeURIComponent(`{"0":${wire}}`);
    expect((await send(`trpc/projects.get?batch=1&input=${batch}`)).status).toBe(400);
    // What superjson is told about the values may be nested as well.
    expect((await query('projects.get', `{"json":{},"meta":{"values":${nested(depth)}}}`)).status).toBe(400);
  });

  it('of another kind that is no input is a 400 as well', async () => {
    for (const body of ['{', 'null', '"text"', '12', '[]', '{"json":null}', '{"json":{"projectId":{"__proto__":1}}}']) {
      expect([body, (await send('trpc/projects.archive', { method: 'POST', body })).status]).toEqual([body, 400]);
      expect([body, (await send('organization', { method: 'POST', body })).status]).toEqual([body, 400]);
    }
  });
});

describe('a batch', () => {
  it.each([
    [20, 200],
    [21, 400],
    [300, 400],
  ])('of %i calls is answered with %i', async (calls, status) => {
    const path = Array.from({ length: calls }, () => 'catalogue.pricing').join(',');
    expect((await send(`trpc/${path}?batch=1`)).status).toBe(status);
  });
});

describe('who asks', () => {
  it('is looked at before what they send', async () => {
    const bad = { projectId: 'a\u0000b' };
    expect((await mutate('projects.archive', bad, null)).status).toBe(401);
    expect((await mutate('operator.runJob', bad)).status).toBe(404);
    const team = await (await as(ada)).organizations.create({ name: 'Team' });
    const bob = await person('bob');
    await database().prisma.membership.create({
      data: { id: bob.userId, organizationId: team.organizationId, userId: bob.userId, role: 'member' },
    });
    const inTeam = { cookie: `${cookies(bob).cookie}; plumbline-org=${team.organizationId}` };
    const body = JSON.stringify({ json: bad });
    for (const path of ['organizations.invite', 'billing.portal'])
      expect([path, (await send(`trpc/${path}`, { method: 'POST', body, headers: inTeam }, null)).status]).toEqual([
        path,
        403,
      ]);
    // Nor is it parsed: a stranger's bad JSON is no different from good.
    expect((await send('trpc/projects.archive', { method: 'POST', body: '{' }, null)).status).toBe(401);
    expect((await mutate('projects.archive', bad)).status).toBe(400);
  });

  it('is told by the prefixed cookie alone over https', async () => {
    const list = (cookie: string) =>
      send('trpc/projects.list?input=%7B%22json%22%3A%7B%7D%7D', { headers: { cookie } }, null);
    const plain = `next-auth.session-token=${ada.sessionToken}`;
    expect((await list(plain)).status).toBe(200);
    expect((await list(`__Secure-${plain}`)).status).toBe(401);
    process.env.APP_URL = 'https://plumbline.example';
    resetEnv();
    expect((await list(plain)).status).toBe(401);
    expect((await list(`__Secure-${plain}`)).status).toBe(200);
    expect((await list(`__Secure-next-auth.session-token=x; ${plain}`)).status).toBe(401);
  });
});

describe('prices', () => {
  it('are read once for all who ask, and again after an operator’s change', async () => {
    const { prisma } = database();
    const name = async () =>
      JSON.parse((await query('catalogue.pricing', '{}', null)).text).result.data.json.packages[0].name;
    const first = await prisma.topupPackage.findFirstOrThrow({ where: { active: true }, orderBy: { position: 'asc' } });
    process.env.OPERATOR_EMAILS = ada.email;
    resetEnv();
    const { id, name: before, creditsMicro, priceUsdCents, popular, active } = first;
    await (await as(ada)).operator.updatePackage({
      id,
      name: before,
      creditsMicro,
      priceUsdCents,
      popular,
      active,
    });
    const shown = await Promise.all(Array.from({ length: 30 }, name));
    expect(new Set(shown)).toEqual(new Set([before]));
    await prisma.topupPackage.update({ where: { id }, data: { name: 'Changed beside it' } });
    expect(await name()).toBe(before);
    await (await as(ada)).operator.updatePackage({
      id,
      name: 'Changed',
      creditsMicro,
      priceUsdCents,
      popular,
      active,
    });
    expect(await name()).toBe('Changed');
  });
});

describe('new projects', () => {
  const create = (who = ada) => mutate('projects.create', { example: 'habit-tracker' }, who);

  it('are limited a minute, exactly, however many are asked for at once', async () => {
    process.env.PROJECTS_PER_MINUTE = '3';
    resetEnv();
    const answers = await Promise.all(Array.from({ length: 8 }, () => create()));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(30);
    expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(refused?.text).toContain('You can make 3 projects a minute. Try again in');
    const { prisma } = database();
    expect(await prisma.project.count({ where: { createdById: ada.userId } })).toBe(3);
    // Another person is not meant, nor the same one a minute later.
    expect((await create(await person('bob'))).status).toBe(200);
    const past = new Date(Date.now() - 61_000);
    await prisma.project.updateMany({ where: { createdById: ada.userId }, data: { createdAt: past } });
    expect((await create()).status).toBe(200);
  });

  it('are limited a day, over all organizations of a person', async () => {
    process.env.PROJECTS_PER_DAY = '2';
    resetEnv();
    const team = await (await as(ada)).organizations.create({ name: 'Team' });
    await createProject({ ...ada, example: 'habit-tracker' });
    await createProject({ userId: ada.userId, organizationId: team.organizationId, example: 'habit-tracker' });
    await database().prisma.project.updateMany({
      where: { createdById: ada.userId },
      data: { createdAt: new Date(Date.now() - 3_600_000) },
    });
    const refused = await create();
    expect(refused.status).toBe(429);
    expect(refused.text).toContain('2 projects a day. Try again in 23 hours');
  });
});

describe('live streams', () => {
  const input = (projectId: string) => encodeURIComponent(JSON.stringify({ json: { projectId, lastEventId: '0' } }));
  const open = async (projectId: string, who: Person) => {
    const over = new AbortController();
    const response = await fetch(`${server.url}/api/trpc/runs.events?input=${input(projectId)}`, {
      headers: cookies(who),
      signal: over.signal,
    });
    return { response, close: () => over.abort() };
  };

  it('are limited for an account over all of its pages; one that closes makes room', async () => {
    const projectId = await createProject({ ...ada, example: 'habit-tracker' });
    const others = await createProject({ ...ada, example: 'expense-report' });
    const streams = await Promise.all(
      Array.from({ length: STREAMS_PER_ACCOUNT }, (_, i) => open(i % 2 === 0 ? projectId : others, ada)),
    );
    expect(streams.map(({ response }) => response.status)).toEqual(streams.map(() => 200));
    const { response } = await open(projectId, ada);
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBe(10);
    const told = await response.text();
    expect(told).toContain('rate_limited');
    expect(told).toContain('20 live pages open');
    // Another account has its own.
    const bob = await person('bob');
    const bobs = await open(await createProject({ ...bob, example: 'habit-tracker' }), bob);
    expect(bobs.response.status).toBe(200);
    streams[0]?.close();
    // The server hears of it when the connection ends.
    await expect
      .poll(async () => {
        const again = await open(projectId, ada);
        if (again.response.status === 200) streams.push(again);
        return again.response.status;
      })
      .toBe(200);
    for (const { close } of [...streams, bobs]) close();
  });

  it('that are refused for another reason count for nothing', async () => {
    for (let i = 0; i < STREAMS_PER_ACCOUNT + 2; i++) {
      const { response } = await open('no-such-project', ada);
      expect(await response.text()).toContain('not_found');
      expect(response.status).toBe(404);
    }
    const stream = await open(await createProject({ ...ada, example: 'habit-tracker' }), ada);
    expect(stream.response.status).toBe(200);
    stream.close();
  });
});
