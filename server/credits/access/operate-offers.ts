import 'server-only';
import type { AddPackage, UpdatePackage, UpdatePlan } from '@/server/credits/schema-operator';
import { db, inTx, type Tx } from '@/server/platform/db';
import { AppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';

export async function listCatalogue() {
  const [packages, plans] = await Promise.all([
    db().topupPackage.findMany({ orderBy: { position: 'asc' } }),
    db().plan.findMany({ orderBy: { position: 'asc' }, include: { _count: { select: { organizations: true } } } }),
  ]);
  return { packages, plans: plans.map(({ _count, ...plan }) => ({ ...plan, organizations: _count.organizations })) };
}

/** After the others. @throws AppError `conflict` when a package of this name is there already */
export async function addPackage(offer: AddPackage, userId: string): Promise<void> {
  await inTx(async (tx) => {
    const packages = await otherPackages(tx, null, offer.name);
    const position = Math.max(0, ...packages.map((one) => one.position)) + 1;
    const { id } = await tx.topupPackage.create({ data: { id: newId(), ...offer, position } });
    await tx.auditEvent.create({
      data: { id: newId(), userId, action: 'package.added', subject: id, details: shown(offer) },
    });
  });
}

/**
 * The packages beside one, kept as they are until the transaction's end: two that say the same name at once are not both right.
 * @throws AppError `conflict` when one of them has this name
 */
async function otherPackages(tx: Tx, id: string | null, wanted: string) {
  await tx.$executeRaw`LOCK TABLE "TopupPackage" IN SHARE ROW EXCLUSIVE MODE`;
  const packages = await tx.topupPackage.findMany({ where: { id: { not: id ?? '' } } });
  if (packages.some(({ name }) => name.toLowerCase() === wanted.toLowerCase())) {
    throw new AppError('conflict', `there is a package named ${wanted} already`, {
      userMessage: `There is a package named ${wanted} already. Choose another name.`,
    });
  }
  return packages;
}

/** Purchases keep the price and the credits they were made with. @throws AppError `not_found`, `conflict` as `addPackage` */
export async function updatePackage({ id, ...change }: UpdatePackage, userId: string): Promise<void> {
  await inTx(async (tx) => {
    if (change.name !== undefined) await otherPackages(tx, id, change.name);
    const { count } = await tx.topupPackage.updateMany({ where: { id }, data: definedOnly(change) });
    if (count === 0) throw notFound('Package');
    await tx.auditEvent.create({
      data: { id: newId(), userId, action: 'package.updated', subject: id, details: shown(change) },
    });
  });
}

/** @throws AppError `not_found` */
export async function updatePlan({ id, ...change }: UpdatePlan, userId: string): Promise<void> {
  await inTx(async (tx) => {
    const { count } = await tx.plan.updateMany({ where: { id }, data: definedOnly(change) });
    if (count === 0) throw notFound('Plan');
    await tx.auditEvent.create({
      data: { id: newId(), userId, action: 'plan.updated', subject: id, details: shown(change) },
    });
  });
}

/** Without what was not said: `exactOptionalPropertyTypes` tells absent from undefined. */
function definedOnly<T extends object>(change: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function shown(change: object): Record<string, string> {
  return Object.fromEntries(Object.entries(change).map(([key, value]) => [key, String(value)]));
}
