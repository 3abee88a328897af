import 'server-only';
import { env } from '@/server/platform/env';
import { AppError, isAppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { sendMail } from '@/server/platform/mail';
import { INVITATION_DAYS, ROLE_TEXT, type Role } from './schema';

interface Letter {
  to: string;
  team: string;
  /** Who invites, as they are known. */
  from: string;
  role: Role;
  token: string;
}

/** @throws AppError `internal` when the letter could not be handed over; then nobody was invited */
export async function sendInvitation({ to, team, from, role, token }: Letter): Promise<void> {
  const { APP_URL, PORT } = env();
  const url = `${APP_URL ?? `http://localhost:${PORT}`}/invite/${token}`;
  const says = `${from} invites you to the team “${team}” on Plumbline as ${ROLE_TEXT[role].name.toLowerCase()}.`;
  const terms = `The link is for ${to}, works once and for ${INVITATION_DAYS} days. If you did not expect it, ignore this letter.`;
  try {
    await sendMail({
      to,
      // A line break in a name would start a header of its own.
      subject: `Join ${team.replaceAll(/\s+/g, ' ')} on Plumbline`,
      text: `${says}\n\n${url}\n\n${terms}\n`,
      html: `<p>${escapeHtml(says)}</p><p><a href="${escapeHtml(url)}">Open the invitation</a></p><p>${escapeHtml(terms)}</p>`,
    });
  } catch (cause) {
    logger().warn({ err: cause }, 'an invitation could not be mailed');
    throw new AppError('internal', 'the invitation could not be mailed', {
      cause,
      userMessage:
        isAppError(cause) && cause.code === 'forbidden'
          ? 'This instance has no mail server, so nobody can be invited. Ask its operator to set one up.'
          : 'The letter could not be sent, so nobody was invited. Try again later.',
    });
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
