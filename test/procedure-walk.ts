import { appRouter } from '@/server/api/root';
import { type Caller, createCaller } from '@/server/api/trpc';
import { startTopup } from '@/server/billing/checkout/start-topup';
import type { Database } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { createProject } from '@/server/projects/create-project';
import { advanceRun } from '@/server/runs/engine/engine';
import { approvePlan } from '@/server/runs/plan/approve-plan';
import { seedOrganization } from './test-db';

/** Ids of organization A, filled before the walk. */
export const a = {
  organizationId: '',
  projectId: '',
  snapshotId: '',
  messageId: '',
  purchaseId: '',
  entryId: '',
  noticeId: '',
  /** Row id of a task. */
  taskId: '',
  /** A member of A besides its owner. */
  memberId: '',
  invitationId: '',
};
const project = () => ({ projectId: a.projectId });

/** One valid input for each procedure; a new procedure without one makes the tests fail. */
export const INPUTS: Record<string, () => unknown> = {
  'account.me': () => undefined,
  'account.signOutEverywhere': () => undefined,
  'account.rename': () => ({ name: 'Somebody' }),
  'account.deletion': () => undefined,
  // Not the phrase that deletes: what is walked here must be there afterwards.
  'account.delete': () => ({ confirm: 'no' }),
  'organizations.view': () => undefined,
  'organizations.create': () => ({ name: 'Another team' }),
  'organizations.rename': () => ({ name: 'Renamed' }),
  'organizations.close': () => ({ confirm: 'no' }),
  'organizations.members': () => undefined,
  'organizations.setRole': () => ({ userId: a.memberId, role: 'admin' }),
  'organizations.setBudget': () => ({ userId: a.memberId, budgetMicro: 1n }),
  'organizations.remove': () => ({ userId: a.memberId }),
  'organizations.leave': () => undefined,
  'organizations.transfer': () => ({ userId: a.memberId }),
  'organizations.invitations': () => undefined,
  'organizations.invite': () => ({ email: `${newId()}@example.test`, role: 'member' }),
  'organizations.resend': () => ({ invitationId: a.invitationId }),
  'organizations.revoke': () => ({ invitationId: a.invitationId }),
  'organizations.accept': () => ({ token: 'x'.repeat(43) }),
  'credits.balance': () => undefined,
  'credits.history': () => ({ projectId: a.projectId }),
  'credits.report': () => ({}),
  'credits.receipt': () => ({ entryId: a.entryId }),
  'notices.open': () => undefined,
  'notices.enabled': () => undefined,
  'notices.dismiss': () => ({ id: a.noticeId }),
  'notices.setEnabled': () => ({ enabled: true }),
  'operator.models': () => undefined,
  'operator.paymentRefusal': () => undefined,
  'operator.addPrice': () => ({ modelRef: 'demo:demo', input: '1', output: '1', cached: '1' }),
  'operator.updateModel': () => ({ modelRef: 'demo:demo' }),
  'operator.catalogue': () => undefined,
  'operator.addPackage': () => ({ name: newId(), creditsMicro: 1n, priceUsdCents: 50, popular: false, active: false }),
  'operator.updatePackage': () => ({ id: 'starter' }),
  'operator.updatePlan': () => ({ id: 'free' }),
  'operator.accounts': () => ({}),
  'operator.adjust': () => ({
    organizationId: a.organizationId,
    amountMicro: 1n,
    reason: 'because I say so',
    requestId: '4f9c6f2e-0f7e-4c53-9f5a-0d9d2c1b7a11',
  }),
  'operator.jobs': () => undefined,
  'operator.warnings': () => undefined,
  'operator.runJob': () => ({ name: 'credits.reset' }),
  'operator.audit': () => undefined,
  'models.catalog': () => undefined,
  'access.check': () => ({ capability: 'implement' }),
  'access.design': () => ({ quality: 'fast' }),
  'access.project': project,
  'access.setTaskQuality': () => ({ ...project(), taskId: 'T1', quality: null }),
  'keys.list': () => undefined,
  'keys.store': () => ({ provider: 'openai', key: 'sk-test-0123456789abcdef' }),
  'keys.test': () => ({ provider: 'google' }),
  'keys.remove': () => ({ provider: 'google' }),
  'projects.list': () => ({}),
  'projects.examples': () => undefined,
  'projects.create': () => ({ example: 'habit-tracker' }),
  'projects.get': project,
  'projects.archive': project,
  'projects.rename': () => ({ ...project(), title: 'stolen' }),
  'projects.setBudget': () => ({ ...project(), budgetMicro: 1n }),
  'projects.setModel': () => ({ ...project(), modelRef: null, quality: 'fast' }),
  'plan.save': () => ({
    ...project(),
    baseVersion: 1,
    plan: { summary: 's', tasks: [{ id: 'T1', title: 't', criteria: [{ id: 'T1.1', text: 'c' }] }] },
  }),
  'plan.approve': () => ({ ...project(), version: 1 }),
  'plan.versions': project,
  'plan.replan': () => ({ ...project(), note: 'change it' }),
  'runs.answer': () => ({ ...project(), answers: [] }),
  'runs.stop': project,
  'runs.pause': project,
  'runs.resume': project,
  'runs.refine': () => ({ ...project(), taskKey: 'T1', choice: 'accept' }),
  'runs.timeline': project,
  'runs.events': project,
  'chat.list': project,
  'chat.send': () => ({ ...project(), text: 'hello' }),
  'chat.editAndResend': () => ({ ...project(), messageId: a.messageId, text: 'hello' }),
  'chat.stop': project,
  'files.tree': project,
  'files.read': () => ({ ...project(), path: 'README.md' }),
  'files.snapshots': project,
  'files.diff': () => ({ ...project(), from: null, to: a.snapshotId }),
  'files.rollback': () => ({ ...project(), snapshotId: a.snapshotId }),
  'search.code': () => ({ ...project(), query: 'money' }),
  'catalogue.pricing': () => undefined,
  'billing.overview': () => undefined,
  'billing.packages': () => undefined,
  'billing.plans': () => undefined,
  'billing.invoices': () => undefined,
  'billing.purchases': () => ({}),
  'billing.purchase': () => ({ purchaseId: a.purchaseId }),
  'billing.startTopup': () => ({ packageId: 'starter' }),
  'billing.startSubscription': () => ({ planId: 'pro' }),
  'billing.changePlan': () => ({ planId: 'team' }),
  'billing.cancel': () => undefined,
  'billing.resume': () => undefined,
  'billing.portal': () => undefined,
  'billing.mockPay': () => ({ purchaseId: a.purchaseId, action: 'pay' }),
};

export const PATHS = Object.keys(appRouter._def.procedures).sort();

/** What anyone may read before they sign in. */
export const PUBLIC = new Set(['catalogue.pricing']);

const OWNED = ['projectId', 'purchaseId', 'userId', 'invitationId', 'entryId'];

/** Whether a procedure's input names something of A, which to others does not exist. The history only filters by a project. */
export function namesIds(path: string): boolean {
  if (path === 'notices.dismiss') return true;
  const input = INPUTS[path]?.();
  return (
    typeof input === 'object' && input !== null && path !== 'credits.history' && OWNED.some((name) => name in input)
  );
}

/**
 * What names something of A inside a project: the caller's own project stands beside it, so that no check of the project can
 * answer first. Each must say NOT_FOUND.
 */
export const NESTED: [path: string, input: (projectId: string) => Record<string, unknown>][] = [
  ['files.tree', (projectId) => ({ projectId, snapshotId: a.snapshotId })],
  ['files.read', (projectId) => ({ projectId, snapshotId: a.snapshotId, path: 'README.md' })],
  ['files.diff', (projectId) => ({ projectId, from: null, to: a.snapshotId })],
  ['files.rollback', (projectId) => ({ projectId, snapshotId: a.snapshotId })],
  ['chat.editAndResend', (projectId) => ({ projectId, messageId: a.messageId, text: 'hello' })],
  ['access.project', (projectId) => ({ projectId, taskId: a.taskId })],
  ['access.setTaskQuality', (projectId) => ({ projectId, taskId: a.taskId, quality: null })],
];

/** Calls a procedure by its path, with its input of the walk or another; of a subscription only the first value is taken. */
export async function call(caller: Caller | null, path: string, input = INPUTS[path]?.()): Promise<unknown> {
  const api = createCaller(appRouter)({ requestId: 'test', caller });
  let target: unknown = api;
  for (const part of path.split('.')) target = (target as Record<string, unknown>)[part];
  const result = await (target as (input: unknown) => Promise<unknown>)(input);
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
    const iterator = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    return (await iterator.next()).value;
  }
  return result;
}

/** A team with an owner, something in every table, and a member to manage; and the team of somebody else. */
export async function seedWalk(database: Database): Promise<{ owner: Caller; stranger: Caller }> {
  const { prisma } = database;
  const mine = await seedTeam(database);
  const other = await seedTeam(database);
  const projectId = await createProject({ ...mine, example: 'expense-report', title: 'Secret plans of A' });
  const design = await prisma.run.findFirstOrThrow({ where: { projectId } });
  await advanceRun(design.id, { owner: 'test' });
  await advanceRun(await approvePlan({ ...mine, projectId }, 1), { owner: 'test' });
  const row = await prisma.project.findUniqueOrThrow({ where: { id: projectId } });
  const { purchaseId } = await startTopup({ ...mine, packageId: 'starter' });
  const message = await prisma.message.create({
    data: { id: newId(), organizationId: mine.organizationId, projectId, role: 'user', text: 'Secret plans of A' },
  });
  const task = await prisma.task.findFirstOrThrow({ where: { projectId } });
  const notice = await prisma.notice.create({
    data: {
      id: newId(),
      organizationId: mine.organizationId,
      kind: 'owed',
      day: '2026-01-01',
      body: 'Secret plans of A',
    },
  });
  const entry = await prisma.creditEntry.findFirstOrThrow({ where: { projectId, kind: 'usage' } });
  Object.assign(a, {
    entryId: entry.id,
    organizationId: mine.organizationId,
    projectId,
    snapshotId: row.headSnapshotId ?? '',
    messageId: message.id,
    noticeId: notice.id,
    taskId: task.id,
    purchaseId,
  });
  await seedPeople(database);
  return {
    owner: { ...mine, email: 'owner@example.test', role: 'owner' },
    stranger: { ...other, email: 'stranger@example.test', role: 'owner' },
  };
}

/** A finished project with nothing in it: every command on it gets as far as what else the input names. */
export async function seedEmptyProject({ prisma }: Database, organizationId: string): Promise<string> {
  const id = newId();
  await prisma.project.create({
    data: { id, organizationId, title: 'Empty', description: 'Nothing yet', status: 'completed' },
  });
  return id;
}

/** Everything of A that the walk names, as it is now. */
export async function rowsOfA({ prisma }: Database): Promise<unknown> {
  const where = { organizationId: a.organizationId };
  const orderBy = { id: 'asc' } as const;
  return {
    projects: await prisma.project.findMany({ where, orderBy }),
    tasks: await prisma.task.findMany({ where, orderBy }),
    messages: await prisma.message.findMany({ where, orderBy }),
    snapshots: await prisma.snapshot.findMany({ where, orderBy }),
    entries: await prisma.creditEntry.findMany({ where, orderBy }),
    balance: await prisma.creditBalance.findUnique({ where }),
    notices: await prisma.notice.findMany({ where, orderBy }),
    purchases: await prisma.purchase.findMany({ where, orderBy }),
    people: await prisma.membership.findMany({ where, orderBy }),
    invitations: await prisma.invitation.findMany({ where, orderBy }),
  };
}

async function seedTeam(database: Database) {
  const team = await seedOrganization(database);
  await database.prisma.organization.update({
    where: { id: team.organizationId },
    data: { kind: 'team', personalOfId: null },
  });
  return team;
}

/** A member of A and an open invitation; again after a walk has removed or changed them. */
export async function seedPeople({ prisma }: Database): Promise<void> {
  const { organizationId } = a;
  a.memberId = newId();
  a.invitationId = newId();
  await prisma.user.create({ data: { id: a.memberId, email: `${a.memberId}@example.test` } });
  await prisma.membership.create({ data: { id: newId(), organizationId, userId: a.memberId, role: 'member' } });
  await prisma.invitation.create({
    data: {
      id: a.invitationId,
      organizationId,
      email: `${a.invitationId}@example.test`,
      tokenHash: newId(),
      expiresAt: new Date(Date.now() + 86_400_000),
    },
  });
}
