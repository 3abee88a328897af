import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTeam } from '@/server/credits/ledger/create-team';
import { grant } from '@/server/credits/ledger/ledger';
import { database } from '@/server/platform/db';
import { resetEnv } from '@/server/platform/env';
import { newId } from '@/server/platform/ids';
import { createProject } from '@/server/projects/create-project';
import { viewChat } from '@/server/runs/chat/view-chat';
import { advanceRun } from '@/server/runs/engine/engine';
import { replan } from '@/server/runs/plan/replan';
import { postgresBlobs } from '@/server/workspace/blobs';
import { build, cookies, type Person, person, SECRET_TITLE, startApi, stopApi } from '@/test/people';
import { handleAccountExport } from './http/account-export-handler';

let ada: Person;
beforeAll(() => {
  // What checks say is not of interest here; running them takes seconds a project.
  process.env.SANDBOX = 'off';
  resetEnv();
  return startApi();
});
afterAll(stopApi);
beforeEach(async () => {
  ada = await person('Ada');
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
    await database().prisma.membership.create({
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
    const project = await database().prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    const head = await database().prisma.snapshot.findUniqueOrThrow({ where: { id: project.headSnapshotId ?? '' } });
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
    expect(names.filter((name) => name.includes('Bobs') && !name.startsWith('Bobs/mine/'))).toEqual([]);
    expect(files.get('Bobs/mine/chat.jsonl')).toBe('');
    const profile = JSON.parse(files.get('profile.json') ?? '') as { email: string; memberships: unknown[] };
    expect(profile).toMatchObject({ email: ada.email });
    expect(profile.memberships).toHaveLength(3);
    expect([...files.values()].join('\n')).not.toContain(ada.sessionToken);
  }, 120_000);

  it('holds what one wrote and used in a team of somebody else, and nothing that others did there', async () => {
    const bob = await person('Bob');
    const { organizationId } = await createTeam({ userId: bob.userId, name: 'Bobs' });
    await database().prisma.membership.create({
      data: { id: newId(), organizationId, userId: ada.userId, role: 'member' },
    });
    const owner = { organizationId, userId: bob.userId };
    await grant(database().prisma, {
      organizationId,
      kind: 'topup_purchase',
      bucket: 'bonus',
      amount: 100_000_000n,
      idempotencyKey: newId(),
    });
    const projectId = await createProject({ ...owner, example: 'expense-report' });
    const { id } = await database().prisma.run.findFirstOrThrow({ where: { projectId } });
    await advanceRun(id, { owner: 'test' });
    const mine = { organizationId, userId: ada.userId, projectId };
    await replan(mine, 'Semicolons, says Ada.');
    const run = await database().prisma.run.findFirstOrThrow({ where: { projectId }, orderBy: { startedAt: 'desc' } });
    await advanceRun(run.id, { owner: 'test' });

    const files = await unzip(await ask(ada));
    expect([...files.keys()].filter((name) => name.startsWith('Bobs')).sort()).toEqual(
      ['chat.jsonl', 'ledger.csv', 'model-calls.jsonl'].map((name) => `Bobs/mine/${name}`),
    );
    const rows = (name: string) =>
      (files.get(`Bobs/mine/${name}`) ?? '')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { text?: string; userId: string });
    expect(rows('chat.jsonl').map(({ text }) => text)).toEqual(['Semicolons, says Ada.']);
    expect(new Set(rows('model-calls.jsonl').map(({ userId }) => userId))).toEqual(new Set([ada.userId]));
    const spent = await database().prisma.creditEntry.count({ where: { organizationId, userId: ada.userId } });
    expect(spent).toBeGreaterThan(0);
    expect((files.get('Bobs/mine/ledger.csv') ?? '').trim().split('\r\n')).toHaveLength(spent + 1);

    // A person who was removed finds the same.
    await database().prisma.membership.deleteMany({ where: { organizationId, userId: ada.userId } });
    const later = await unzip(await ask(ada));
    for (const [name, content] of files) if (name.startsWith('Bobs')) expect(later.get(name)).toBe(content);

    // A colleague sees whose words they are; one's own need no name.
    const authors = async (who: Person) =>
      (await viewChat({ ...mine, userId: who.userId })).messages
        .filter(({ role }) => role === 'user')
        .map(({ author }) => author);
    expect(await authors(bob)).toEqual([null, 'Ada Zwiebel']);
    expect(await authors(ada)).toEqual(['Bob Zwiebel', null]);
  }, 120_000);

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
  }, 120_000);

  it('is nobody’s without a session', async () => {
    expect((await ask(null)).status).toBe(401);
  });
});
