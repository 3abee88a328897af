import 'server-only';
import { Readable } from 'node:stream';
import type { Project } from '@/prisma/generated/client';
import { planToMarkdown } from '@/server/agents/plan-markdown';
import { planSchema } from '@/server/agents/schema';
import { exportEntries } from '@/server/credits/reports/export-entries';
import { now } from '@/server/platform/clock';
import { db } from '@/server/platform/db';
import { notFound } from '@/server/platform/errors';
import { postgresBlobs } from '@/server/workspace/blobs';
import { pathProblem } from '@/server/workspace/edits/paths';
import { readTree } from '@/server/workspace/snapshots';
import { streamZip, textEntry, type ZipEntry } from './stream-zip';
import { UniqueFolderNames } from './unique-folder-names';

/** Rows read at once. */
const PAGE = 200;

const README = `Everything Plumbline keeps about you.

profile.json                      who you are, how you sign in, what you belong to
ORGANIZATION/ledger.csv           every credit that came and went (docs: user guide)
ORGANIZATION/purchases.json       what was bought
ORGANIZATION/model-calls.jsonl    every call to a model, without its text
ORGANIZATION/PROJECT/files/       the files as they are now
ORGANIZATION/PROJECT/PLAN.md      the plan, as people read it
ORGANIZATION/PROJECT/*.jsonl      chat, documents, plans, tasks, runs, steps, reviews, checks: one JSON object a line
ORGANIZATION/PROJECT/history/     every snapshot's list of files, and contents that are in none of the present files, by SHA-256

ORGANIZATION/mine/ledger.csv      of a team you do not own, or have left: the credits you used there
ORGANIZATION/mine/chat.jsonl      what you wrote there
ORGANIZATION/mine/model-calls.jsonl  the calls that were made for you there

Organizations are your personal workspace and your teams. Credits are in micro-credits: 1 credit = 1,000,000.
`;

/**
 * A person's data as a ZIP, streamed: all of their personal workspace and of the teams they own; of other teams what they wrote
 * and used there, for the rest is the team's. @throws AppError `not_found` before the first byte
 */
export async function exportAccount(userId: string): Promise<Readable> {
  const user = await db().user.findFirst({ where: { id: userId, deletedAt: null } });
  if (user === null) throw notFound('User');
  return streamZip(entriesOf(userId), now());
}

async function* entriesOf(userId: string): AsyncGenerator<ZipEntry> {
  yield textEntry('README.txt', () => [README]);
  yield textEntry('profile.json', () => profile(userId));
  const memberships = await db().membership.findMany({
    where: { userId },
    include: { organization: { select: { id: true, name: true } } },
    orderBy: { createdAt: 'asc' },
  });
  const names = new UniqueFolderNames();
  for (const { role, organization } of memberships) {
    const folder = names.give(organization.name);
    if (role === 'owner') yield* organizationEntries(organization.id, folder);
    else yield* memberEntries({ organizationId: organization.id, userId }, `${folder}/mine`);
  }
  for (const { id, name } of await formerTeams(
    userId,
    memberships.map(({ organizationId }) => organizationId),
  ))
    yield* memberEntries({ organizationId: id, userId }, `${names.give(name)}/mine`);
}

/** Teams that a person belongs to no more, and did something in. */
async function formerTeams(userId: string, present: string[]): Promise<{ id: string; name: string }[]> {
  const where = { userId, organizationId: { notIn: present } };
  const [written, called] = await Promise.all([
    db().message.findMany({ where, distinct: ['organizationId'], select: { organizationId: true } }),
    db().modelCall.findMany({ where, distinct: ['organizationId'], select: { organizationId: true } }),
  ]);
  const ids = [...written, ...called].map(({ organizationId }) => organizationId);
  return db().organization.findMany({
    where: { id: { in: ids }, deletedAt: null },
    select: { id: true, name: true },
    orderBy: { createdAt: 'asc' },
  });
}

/** What a member did in a team that is not theirs. */
async function* memberEntries(
  own: { organizationId: string; userId: string },
  folder: string,
): AsyncGenerator<ZipEntry> {
  yield textEntry(`${folder}/ledger.csv`, () => exportEntries(own.organizationId, {}, own.userId));
  const tables: [string, (page: Page) => Promise<{ id: string }[]>][] = [
    ['chat', (page) => db().message.findMany({ where: own, orderBy: { id: 'asc' }, ...page })],
    ['model-calls', (page) => db().modelCall.findMany({ where: own, orderBy: { id: 'asc' }, ...page })],
  ];
  for (const [name, read] of tables) yield textEntry(`${folder}/${name}.jsonl`, () => lines(read));
}

async function* profile(userId: string): AsyncGenerator<string> {
  const { accounts, sessions, memberships, ...user } = await db().user.findUniqueOrThrow({
    where: { id: userId },
    include: {
      // Never the secrets: a person who finds the ZIP must not be able to sign in with it.
      accounts: { select: { provider: true, providerAccountId: true, type: true } },
      sessions: { select: { createdAt: true, expires: true } },
      memberships: {
        select: {
          role: true,
          monthlyBudgetMicro: true,
          createdAt: true,
          organization: { select: { name: true, kind: true } },
        },
      },
    },
  });
  const invitations = await db().invitation.findMany({
    where: { email: { equals: user.email, mode: 'insensitive' } },
    select: {
      role: true,
      createdAt: true,
      acceptedAt: true,
      expiresAt: true,
      organization: { select: { name: true } },
    },
  });
  yield `${json({ ...user, accounts, sessions, memberships, invitations }, 2)}\n`;
}

async function* organizationEntries(organizationId: string, folder: string): AsyncGenerator<ZipEntry> {
  const own = { organizationId };
  yield textEntry(`${folder}/ledger.csv`, () => exportEntries(organizationId, {}));
  yield textEntry(`${folder}/purchases.json`, async function* () {
    yield `${json(await db().purchase.findMany({ where: own, orderBy: { createdAt: 'asc' } }), 2)}\n`;
  });
  yield textEntry(`${folder}/model-calls.jsonl`, () =>
    lines((page) => db().modelCall.findMany({ where: own, orderBy: { id: 'asc' }, ...page })),
  );
  const names = new UniqueFolderNames();
  for await (const projects of pages((page) =>
    db().project.findMany({ where: own, orderBy: { id: 'asc' }, ...page }),
  )) {
    for (const project of projects) yield* projectEntries(project, `${folder}/${names.give(project.title)}`);
  }
}

async function* projectEntries(project: Project, folder: string): AsyncGenerator<ZipEntry> {
  const { organizationId, id: projectId } = project;
  const where = { organizationId, projectId };
  const order = { where, orderBy: { id: 'asc' as const } };
  yield textEntry(`${folder}/project.json`, () => [`${json(project, 2)}\n`]);
  const tables: [string, (page: Page) => Promise<{ id: string }[]>][] = [
    ['chat', (page) => db().message.findMany({ ...order, ...page })],
    ['documents', (page) => db().document.findMany({ ...order, ...page })],
    ['plans', (page) => db().planVersion.findMany({ ...order, ...page })],
    ['tasks', (page) => db().task.findMany({ ...order, ...page })],
    ['runs', (page) => db().run.findMany({ ...order, omit: { leaseOwner: true, leaseToken: true }, ...page })],
    ['steps', (page) => db().runStep.findMany({ ...order, ...page })],
    ['reviews', (page) => db().review.findMany({ ...order, ...page })],
    ['checks', (page) => db().checkResult.findMany({ ...order, ...page })],
  ];
  for (const [name, read] of tables) yield textEntry(`${folder}/${name}.jsonl`, () => lines(read));
  yield textEntry(`${folder}/PLAN.md`, () => planText(project));
  yield* fileEntries(project, folder);
}

async function* planText({ organizationId, id: projectId }: Project): AsyncGenerator<string> {
  const latest = await db().planVersion.findFirst({
    where: { organizationId, projectId },
    orderBy: { version: 'desc' },
  });
  const plan = planSchema.safeParse(latest?.plan);
  const tasks = await db().task.findMany({
    where: { organizationId, projectId, status: { in: ['approved', 'accepted', 'skipped'] } },
    select: { key: true, status: true },
  });
  const skipped = new Set(tasks.filter(({ status }) => status === 'skipped').map(({ key }) => key));
  const done = new Set(tasks.filter(({ key }) => !skipped.has(key)).map(({ key }) => key));
  yield plan.success ? planToMarkdown(plan.data, done, skipped) : 'There is no plan yet.\n';
}

/** The present files, every snapshot's list, and each older content once. */
async function* fileEntries(project: Project, folder: string): AsyncGenerator<ZipEntry> {
  const { organizationId, id: projectId, headSnapshotId } = project;
  const written = new Set<string>();
  if (headSnapshotId !== null) {
    for (const [path, { sha256 }] of await readTree(db(), { organizationId, snapshotId: headSnapshotId })) {
      written.add(sha256);
      if (pathProblem(path) === null) yield contentEntry(`${folder}/files/${path}`, organizationId, sha256);
    }
  }
  const read = (page: Page) =>
    db().snapshot.findMany({ where: { organizationId, projectId }, orderBy: { id: 'asc' }, ...page });
  yield textEntry(`${folder}/history/snapshots.jsonl`, () => lines(read));
  for await (const snapshots of pages((page) => read({ ...page, take: 20 }))) {
    for (const { id: snapshotId } of snapshots) {
      for (const { sha256 } of (await readTree(db(), { organizationId, snapshotId })).values()) {
        if (written.has(sha256)) continue;
        written.add(sha256);
        yield contentEntry(`${folder}/history/contents/${sha256}`, organizationId, sha256);
      }
    }
  }
}

function contentEntry(path: string, organizationId: string, sha256: string): ZipEntry {
  return {
    path,
    open: () =>
      Readable.from(
        (async function* () {
          const content = (await postgresBlobs.getMany(db(), organizationId, [sha256])).get(sha256);
          if (content === undefined) throw new Error(`content ${sha256} is missing`);
          if (content.length > 0) yield content;
        })(),
        { objectMode: false },
      ),
  };
}

interface Page {
  take: number;
  skip?: number;
  cursor?: { id: string };
}

/** Rows in the order of their ids, a page at a time. */
async function* pages<Row extends { id: string }>(read: (page: Page) => Promise<Row[]>): AsyncGenerator<Row[]> {
  let after: string | undefined;
  for (;;) {
    const rows = await read(after === undefined ? { take: PAGE } : { take: PAGE, skip: 1, cursor: { id: after } });
    after = rows.at(-1)?.id;
    if (after === undefined) return;
    yield rows;
  }
}

/** JSON Lines. */
async function* lines(read: (page: Page) => Promise<{ id: string }[]>): AsyncGenerator<string> {
  for await (const rows of pages(read)) yield rows.map((row) => `${json(row)}\n`).join('');
}

function json(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, field: unknown) => (typeof field === 'bigint' ? field.toString() : field),
    indent,
  );
}
