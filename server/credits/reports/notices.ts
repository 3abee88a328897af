import 'server-only';
import type { MembershipRole } from '@/prisma/generated/enums';
import { formatCredits, MICRO } from '@/server/credits/schema';
import { now } from '@/server/platform/clock';
import { type Client, db } from '@/server/platform/db';
import { env } from '@/server/platform/env';
import { isAppError, notFound } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { sendMail } from '@/server/platform/mail';

/** Below this share of the plan's monthly credits a balance is low. Percent. */
const LOW_PERCENT = 20n;
/** At most this is left: the next call may not fit. Micro-credits. */
const NOTHING_LEFT = MICRO;
/** Organizations looked at in one round. */
const ROUND = 1000;

/** Notices that the off switch silences. */
const LOW_KINDS: ReadonlySet<string> = new Set(['low_balance', 'out_of_credits']);

export type NoticeKind = 'low_balance' | 'out_of_credits' | 'payment_failed' | 'owed' | 'own_key_failed';

export interface NewNotice {
  organizationId: string;
  kind: NoticeKind;
  body: string;
  /** Path in the app that leads on. */
  link: string;
}

/** Writes a notice unless one of its kind was written today (UTC). @returns whether it is new. */
export async function writeNotice(client: Client, notice: NewNotice): Promise<boolean> {
  const at = now();
  const { count } = await client.notice.createMany({
    data: [{ id: newId(), ...notice, day: at.toISOString().slice(0, 10), createdAt: at }],
    skipDuplicates: true,
  });
  return count === 1;
}

/**
 * Finds balances at 20 % of the month's credits and at one credit or less, and says so: in the app and by mail, each at most
 * once a day, unless the organization switched notices off. @returns how many notices are new.
 */
export async function noticeLowBalances(client: Client): Promise<number> {
  const rows = await client.$queryRaw<{ organizationId: string; available: bigint }[]>`
    -- With what is held: a hold is the most that its call may cost, and most of it comes back.
    SELECT b."organizationId", b."monthly" + b."bonus" AS available
    FROM "CreditBalance" b
    JOIN "Organization" o ON o."id" = b."organizationId" AND o."notices" AND o."deletedAt" IS NULL
    JOIN "OrganizationPlan" op ON op."organizationId" = b."organizationId"
    WHERE b."monthly" + b."bonus" <= greatest(op."allocationMicro" * ${LOW_PERCENT} / 100, ${NOTHING_LEFT})
      AND NOT EXISTS (SELECT 1 FROM "Notice" n WHERE n."organizationId" = b."organizationId" AND n."day" = ${now().toISOString().slice(0, 10)}
        AND n."kind" = CASE WHEN b."monthly" + b."bonus" <= ${NOTHING_LEFT} THEN 'out_of_credits' ELSE 'low_balance' END)
      -- A new team's account, which never held anything, is not running out.
      AND EXISTS (SELECT 1 FROM "CreditEntry" e WHERE e."organizationId" = b."organizationId")
    ORDER BY b."organizationId" LIMIT ${ROUND}`;
  let written = 0;
  for (const { organizationId, available } of rows) {
    const left = formatCredits(available > 0n ? available : 0n);
    const isOut = available <= NOTHING_LEFT;
    const isNew = await writeNotice(client, {
      organizationId,
      kind: isOut ? 'out_of_credits' : 'low_balance',
      body: isOut
        ? `${left} credits are left: the next step may not fit. A running build pauses at the end of its step and loses nothing.`
        : `${left} credits are left, less than ${LOW_PERCENT} % of a month.`,
      link: '/credits',
    });
    if (isNew) written++;
  }
  return written;
}

/**
 * Mails today's notices that were not mailed yet to the organization's owners. One that reached nobody is tried again in the
 * next round. @returns how many letters left.
 * @throws Error when the mail server took none of a notice's letters, after all notices had their turn
 */
export async function mailNotices(client: Client): Promise<number> {
  const since = new Date(now().getTime() - 86_400_000);
  const open = await client.notice.findMany({
    where: { mailedAt: null, createdAt: { gte: since } },
    orderBy: { createdAt: 'desc' },
    take: ROUND,
  });
  let letters = 0;
  let lost = 0;
  for (const notice of open) {
    const owners = await client.membership.findMany({
      where: {
        organizationId: notice.organizationId,
        role: 'owner',
        // The switch is for low balances; what concerns payments comes all the same.
        ...(LOW_KINDS.has(notice.kind) ? { organization: { notices: true } } : {}),
      },
      include: { user: { select: { email: true } }, organization: { select: { name: true } } },
    });
    // Marked first: two rounds at once send one letter.
    const { count } = await client.notice.updateMany({
      where: { id: notice.id, mailedAt: null },
      data: { mailedAt: now() },
    });
    if (count === 0) continue;
    // One of yesterday that never left says nothing that this one does not.
    const { organizationId, kind, createdAt } = notice;
    await client.notice.updateMany({
      where: { organizationId, kind, mailedAt: null, createdAt: { lt: createdAt } },
      data: { mailedAt: now() },
    });
    const sent: Sent[] = [];
    for (const { user, organization } of owners) sent.push(await mailOne(user.email, organization.name, notice));
    letters += sent.filter((outcome) => outcome === 'sent').length;
    // Some owners have it: they do not get it again for the sake of the others.
    if (!sent.includes('failed') || sent.includes('sent')) continue;
    lost++;
    await client.notice.update({ where: { id: notice.id }, data: { mailedAt: null } });
  }
  if (lost > 0) throw new Error(`${lost} notices could not be mailed; they are tried again`);
  return letters;
}

type Sent = 'sent' | 'off' | 'failed';

const SUBJECTS: Partial<Record<string, string>> = {
  low_balance: 'credits are running low',
  out_of_credits: 'at most one credit is left',
  payment_failed: 'a payment failed',
  owed: 'credits are owed',
  own_key_failed: 'your own provider key is refused',
} satisfies Record<NoticeKind, string>;

async function mailOne(
  to: string,
  organization: string,
  notice: { kind: string; body: string; link: string | null },
): Promise<Sent> {
  const { APP_URL, PORT } = env();
  const url = `${APP_URL ?? `http://localhost:${PORT}`}${notice.link ?? '/credits'}`;
  const text = `${organization}: ${notice.body}\n\n${url}\n\nYou can switch these notices off in the organization's settings.\n`;
  try {
    await sendMail({
      to,
      subject: `${organization}: ${SUBJECTS[notice.kind] ?? 'a notice'}`,
      text,
      html: `<p>${escapeHtml(organization)}: ${escapeHtml(notice.body)}</p><p><a href="${escapeHtml(url)}">Open Plumbline</a></p><p>You can switch these notices off in the organization's settings.</p>`,
    });
    return 'sent';
  } catch (error) {
    // Without a mail server the notice is in the app only.
    if (isAppError(error) && error.code === 'forbidden') return 'off';
    logger().warn({ err: error, kind: 'notice' }, 'a notice could not be mailed');
    return 'failed';
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** About payments and keys: for those who can act on them. */
const OWNER_KINDS: NoticeKind[] = ['payment_failed', 'owed', 'own_key_failed'];

const noticesFor = (role: MembershipRole) => (role === 'owner' ? {} : { kind: { notIn: OWNER_KINDS } });

export interface Reader {
  organizationId: string;
  userId: string;
  role: MembershipRole;
}

/** Notices for this member that they have not put away yet, newest first. */
export async function openNotices({ organizationId, userId, role }: Reader) {
  return db().notice.findMany({
    where: { organizationId, NOT: { dismissedBy: { has: userId } }, ...noticesFor(role) },
    select: { id: true, kind: true, body: true, link: true, createdAt: true },
    orderBy: { createdAt: 'desc' },
    take: 5,
  });
}

/** Puts a notice away for this member. @throws AppError `not_found`, also for a notice that this role does not see */
export async function dismissNotice({ organizationId, userId, role }: Reader, id: string): Promise<void> {
  const { count } = await db().notice.updateMany({
    where: { id, organizationId, NOT: { dismissedBy: { has: userId } }, ...noticesFor(role) },
    data: { dismissedBy: { push: userId } },
  });
  if (count === 0) throw notFound('Notice');
}

/** Switches low-balance notices on or off, in the app and by mail. */
export async function setNotices(organizationId: string, enabled: boolean): Promise<void> {
  await db().organization.update({ where: { id: organizationId }, data: { notices: enabled } });
}
