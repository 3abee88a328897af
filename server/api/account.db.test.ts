import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { auditLedger } from '@/server/credits/audit';
import { createTeam } from '@/server/credits/create-team';
import { onboardUser } from '@/server/credits/onboard-user';
import { resetMonths } from '@/server/jobs/handlers/credits-upkeep';
import { deleteAccount } from '@/server/organizations/delete-account';
import { DELETE_PHRASE } from '@/server/organizations/schema';
import { setClockOffset } from '@/server/platform/clock';
import type { Database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId, newSecret } from '@/server/platform/ids';
import { startQueue, stopQueue } from '@/server/platform/queue';
import { closeTestDb, testDb } from '@/server/platform/test-db';
import { approvePlan } from '@/server/runs/approve-plan';
import { createProject } from '@/server/runs/create-project';
import { advanceRun } from '@/server/runs/engine';
import { postgresBlobs } from '@/server/workspace/blobs';
import { callerFrom } from './caller';
import { handleAccountExport } from './http/account-export-handler';
import { handleSwitchOrganization } from './http/switch-organization-handler';
import { appRouter } from './root';
import { createCaller } from './trpc';

const SECRET_TITLE = 'Zwiebelkuchen calculator';
let database: Database;
let ada: Person;

interface Person {
  userId: string;
  email: string;
  organizationId: string;
  sessionToken: string;
}

/** Somebody with a session, onboarded as a first sign-in does it. */
async function person(name: string): Promise<Person> {
  const { prisma } = database;
  const userId = newId();
  const email = `${name}-${userId}@zwiebel.test`;
  await prisma.user.create({
    data: { id: userId, email, name: `${name} Zwiebel`, image: 'https://zwiebel.test/a.png' },
  });
  const organizationId = await onboardUser({ id: userId, email, name: `${name} Zwiebel` });
  const sessionToken = newSecret();
  await prisma.session.create({
    data: { id: newId(), sessionToken, userId, expires: new Date(Date.now() + 86_400_000) },
  });
  return { userId, email, organizationId, sessionToken };
}

const cookies = ({ sessionToken }: Person, more = '') => ({ cookie: `next-auth.session-token=${sessionToken}${more}` });

async function as({ sessionToken }: Person, organizationId?: string) {
  const jar: Record<string, string | undefined> = {
    'next-auth.session-token': sessionToken,
    'plumbline-org': organizationId,
  };
  return createCaller(appRouter)({ requestId: 'test', caller: await callerFrom((name) => jar[name]) });
}

/** A project with something in every table: files, chat, plan, reviews, checks, calls. */
async function build(owner: { userId: string; organizationId: string }): Promise<string> {
  const projectId = await createProject({ ...owner, example: 'expense-report', title: SECRET_TITLE });
  const { id } = await database.prisma.run.findFirstOrThrow({ where: { projectId } });
  await advanceRun(id, { owner: 'test' });
  await advanceRun(await approvePlan({ ...owner, projectId }, 1), { owner: 'test' });
  return projectId;
}

/** Every row of every table, as text, by table. */
async function everything(): Promise<Map<string, string>> {
  const tables = await database.prisma.$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_prisma%'`;
  const found = new Map<string, string>();
  for (const { name } of tables) {
    const [row] = await database.prisma.$queryRawUnsafe<{ text: string | null }[]>(
      `SELECT string_agg(t::text, E'\\n') AS text FROM "${name}" t`,
    );
    found.set(name, row?.text ?? '');
  }
  return found;
}

/** Tables in which a text still occurs. */
const tablesWith = async (text: string) =>
  [...(await everything())]
    .filter(([, rows]) => rows.includes(text))
    .map(([name]) => name)
    .sort();

beforeAll(async () => {
  // What checks say is not of interest here; running them takes seconds a project.
  process.env.SANDBOX = 'off';
  resetEnv();
  database = await testDb();
  await startQueue();
});
afterAll(async () => {
  delete process.env.SANDBOX;
  resetEnv();
  await stopQueue();
  await closeTestDb();
});
beforeEach(async () => {
  ada = await person('Ada');
});

describe('deleting an account', () => {
  it('needs the phrase, then leaves nothing but the anonymous ledger', async () => {
    const { prisma } = database;
    const projectId = await build(ada);
    const api = await as(ada);
    await api.keys.store({ provider: 'openai', key: 'sk-0123456789abcdef-zwiebel' });
    await prisma.notice.create({
      data: { id: newId(), organizationId: ada.organizationId, kind: 'low_balance', day: '2026-11-21', body: 'low' },
    });
    await prisma.localMail.create({ data: { id: newId(), to: ada.email.toUpperCase(), subject: 's', text: 't' } });
    await prisma.account.create({
      data: {
        id: newId(),
        userId: ada.userId,
        type: 'oauth',
        provider: 'github',
        providerAccountId: `gh-${ada.userId}`,
      },
    });
    const before = await prisma.creditEntry.findMany({
      where: { organizationId: ada.organizationId },
      orderBy: { seq: 'asc' },
    });
    expect(before.length).toBeGreaterThan(3);
    await expect(api.account.delete({ confirm: 'yes' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    expect(await tablesWith(ada.email)).toContain('User');

    await api.account.delete({ confirm: ` ${DELETE_PHRASE.toUpperCase()} ` });

    for (const text of ['wiebel', ada.email.split('@')[0] ?? '', SECRET_TITLE])
      expect([text, await tablesWith(text)]).toEqual([text, []]);
    // The ids are left where money was: opaque, because the rows they led to are gone.
    expect(await tablesWith(projectId)).toEqual(['CreditEntry', 'CreditHold', 'ModelCall']);
    expect(await prisma.user.findUniqueOrThrow({ where: { id: ada.userId } })).toMatchObject({
      name: null,
      image: null,
      email: `deleted-${ada.userId}@deleted.invalid`,
      deletedAt: expect.any(Date),
    });
    expect(await prisma.organization.findUniqueOrThrow({ where: { id: ada.organizationId } })).toMatchObject({
      name: 'Deleted',
    });
    expect(
      await prisma.creditEntry.findMany({ where: { organizationId: ada.organizationId }, orderBy: { seq: 'asc' } }),
    ).toEqual(before);
    expect(await auditLedger(prisma, ada.organizationId)).toEqual([]);
  }, 60_000);

  it('signs out everywhere, stops the monthly credits, and a worker in the midst of a run writes nothing more', async () => {
    const { prisma } = database;
    const projectId = await createProject({ ...ada, example: 'habit-tracker' });
    const run = await prisma.run.findFirstOrThrow({ where: { projectId } });
    await Promise.all([advanceRun(run.id, { owner: 'test' }).catch(() => undefined), deleteAccount(ada.userId)]);
    await advanceRun(run.id, { owner: 'test' }).catch(() => undefined);
    for (const table of ['Message', 'RunEvent', 'RunStep', 'Snapshot', 'Blob', 'Document', 'PlanVersion']) {
      expect((await everything()).get(table)).not.toContain(ada.organizationId);
    }
    expect(await callerFrom((name) => (name === 'next-auth.session-token' ? ada.sessionToken : undefined))).toBeNull();
    const entries = await prisma.creditEntry.count({ where: { organizationId: ada.organizationId } });
    setClockOffset(40 * 86_400_000);
    await resetMonths();
    setClockOffset(0);
    expect(await prisma.creditEntry.count({ where: { organizationId: ada.organizationId } })).toBe(entries);
  }, 60_000);

  it('is refused while a team with others would be left without an owner, and changes nothing then', async () => {
    const { prisma } = database;
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const bob = await person('Bob');
    await prisma.membership.create({ data: { id: newId(), organizationId, userId: bob.userId, role: 'admin' } });
    const api = await as(ada);
    expect(await api.account.deletion()).toMatchObject({ blocked: [{ name: 'Plumbers' }], left: [] });
    await expect(api.account.delete({ confirm: DELETE_PHRASE })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('“Plumbers”'),
    });
    await expect(deleteAccount(ada.userId)).rejects.toMatchObject({ code: 'conflict' });
    expect(await prisma.user.findUniqueOrThrow({ where: { id: ada.userId } })).toMatchObject({
      email: ada.email,
      deletedAt: null,
    });
    await (await as(ada, organizationId)).organizations.transfer({ userId: bob.userId });
    await (await as(ada, organizationId)).account.delete({ confirm: DELETE_PHRASE });
    expect(await prisma.membership.findMany({ where: { organizationId } })).toMatchObject([
      { userId: bob.userId, role: 'owner' },
    ]);
  });

  it('takes a team with nobody else along, and its address may sign up anew, as another person', async () => {
    const { prisma } = database;
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Alone' });
    const stranger = await person('Sue');
    await prisma.invitation.create({
      data: {
        id: newId(),
        organizationId,
        email: stranger.email,
        tokenHash: newId(),
        expiresAt: new Date(Date.now() + 1000),
      },
    });
    await deleteAccount(ada.userId);
    expect(await prisma.organization.findUniqueOrThrow({ where: { id: organizationId } })).toMatchObject({
      name: 'Deleted',
    });
    expect(await prisma.invitation.count({ where: { organizationId } })).toBe(0);
    const again = await prisma.user.create({ data: { id: newId(), email: ada.email } });
    expect(await onboardUser({ id: again.id, email: ada.email })).not.toBe(ada.organizationId);
  });

  it('of two owners at the same moment leaves the third person with one of them', async () => {
    const { prisma } = database;
    for (let round = 0; round < 4; round++) {
      const [one, two, three] = [await person('One'), await person('Two'), await person('Three')];
      const { organizationId } = await createTeam({ userId: one.userId, name: 'Shared' });
      for (const [who, role] of [
        [two, 'owner'],
        [three, 'member'],
      ] as const)
        await prisma.membership.create({ data: { id: newId(), organizationId, userId: who.userId, role } });
      const done = await Promise.allSettled([deleteAccount(one.userId), deleteAccount(two.userId)]);
      expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await prisma.membership.count({ where: { organizationId, role: 'owner' } })).toBe(1);
      expect(await prisma.organization.findUniqueOrThrow({ where: { id: organizationId } })).toMatchObject({
        deletedAt: null,
      });
    }
  });
});

describe('closing a team', () => {
  it('needs its name, ends everybody’s access and keeps the ledger', async () => {
    const { prisma } = database;
    const { organizationId } = await createTeam({ userId: ada.userId, name: 'Plumbers' });
    const api = await as(ada, organizationId);
    await expect(api.organizations.close({ confirm: 'plumbers?' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await api.organizations.close({ confirm: 'Plumbers' });
    expect(await prisma.membership.count({ where: { organizationId } })).toBe(0);
    expect((await (await as(ada, organizationId)).account.me()).organization.id).toBe(ada.organizationId);
    expect(await prisma.creditBalance.count({ where: { organizationId } })).toBe(1);
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

describe('the export', () => {
  const ask = (who: Person | null) =>
    handleAccountExport(
      new Request('http://localhost/api/account/export', { headers: who === null ? {} : cookies(who) }),
    );

  /** Entries of a ZIP by another implementation, which checks every checksum. */
  async function unzip(response: Response): Promise<Map<string, string>> {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-export-'));
    const path = join(folder, 'data.zip');
    writeFileSync(path, Buffer.from(await response.arrayBuffer()));
    const program =
      'import json,sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(json.dumps([[n,z.read(n).decode()] for n in z.namelist()]))';
    const text = execFileSync('python3', ['-c', program, path], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    rmSync(folder, { recursive: true });
    return new Map(JSON.parse(text) as [string, string][]);
  }

  it('holds files, history, chat, plan, reviews and ledger of what is one’s own, and of nothing else', async () => {
    const projectId = await build(ada);
    await createTeam({ userId: ada.userId, name: 'Plumbers / & Co' });
    const bob = await person('Bob');
    const bobs = await createTeam({ userId: bob.userId, name: 'Bobs' });
    await database.prisma.membership.create({
      data: { id: newId(), organizationId: bobs.organizationId, userId: ada.userId, role: 'admin' },
    });
    const response = await ask(ada);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="plumbline-data-[\d-]+\.zip"$/);
    const files = await unzip(response);
    const home = `Ada-Zwiebel/${SECRET_TITLE.replaceAll(' ', '-')}`;
    const names = [...files.keys()];
    for (const name of ['chat', 'documents', 'plans', 'tasks', 'runs', 'steps', 'reviews', 'checks']) {
      const rows = (files.get(`${home}/${name}.jsonl`) ?? '')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { projectId: string });
      expect([name, rows.every((row) => row.projectId === projectId)]).toEqual([name, true]);
    }
    const project = await database.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    const head = await database.prisma.snapshot.findUniqueOrThrow({ where: { id: project.headSnapshotId ?? '' } });
    const paths = Object.keys(head.tree as Record<string, unknown>).sort();
    expect(
      names
        .filter((name) => name.startsWith(`${home}/files/`))
        .map((name) => name.slice(home.length + 7))
        .sort(),
    ).toEqual(paths);
    expect(files.get(`${home}/PLAN.md`)).toMatch(/^# /);
    expect(names.some((name) => name.startsWith(`${home}/history/contents/`))).toBe(true);
    expect(files.get('Ada-Zwiebel/ledger.csv')).toContain('welcome_bonus');
    expect(names).toContain('Plumbers-Co/ledger.csv');
    expect(names.filter((name) => name.includes('Bobs'))).toEqual([]);
    const profile = JSON.parse(files.get('profile.json') ?? '') as { email: string; memberships: unknown[] };
    expect(profile).toMatchObject({ email: ada.email });
    expect(profile.memberships).toHaveLength(3);
    expect([...files.values()].join('\n')).not.toContain(ada.sessionToken);
  }, 60_000);

  it('reads no further ahead than its reader, and lets go when that goes away', async () => {
    await build(ada);
    let reads = 0;
    const getMany = postgresBlobs.getMany.bind(postgresBlobs);
    const spy = vi.spyOn(postgresBlobs, 'getMany').mockImplementation((...args) => {
      reads++;
      return getMany(...args);
    });
    const response = await ask(ada);
    const second = await ask(ada);
    expect(second.status).toBe(429);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    // Once it has let go, the next download is welcome, and complete.
    let third = await ask(ada);
    await vi.waitFor(async () => {
      if (third.status === 429) third = await ask(ada);
      expect(third.status).toBe(200);
    });
    const afterCancel = reads;
    await third.arrayBuffer();
    expect(reads).toBeGreaterThan(afterCancel + 3);
    spy.mockRestore();
  }, 60_000);

  it('is nobody’s without a session', async () => {
    expect((await ask(null)).status).toBe(401);
  });
});
