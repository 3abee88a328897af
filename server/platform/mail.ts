import 'server-only';
import { createTransport } from 'nodemailer';
import { now } from './clock';
import { db } from './db';
import { env, localSignInAllowed } from './env';
import { AppError } from './errors';
import { newId } from './ids';
import { logger } from './logger';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** Letters kept on the local mailbox page. */
const MAILBOX_SIZE = 100;

/** By SMTP where it is set; else to the local mailbox page and the log, only where that is allowed. @throws AppError `forbidden` */
export async function sendMail(mail: Mail): Promise<void> {
  const { SMTP_URL, MAIL_FROM } = env();
  if (SMTP_URL !== undefined) {
    const transport = createTransport(SMTP_URL);
    await transport.sendMail({ from: MAIL_FROM, ...mail });
    transport.close();
    return;
  }
  if (!localSignInAllowed())
    throw new AppError('forbidden', 'no mail server is set and local sign-in is not allowed', {
      userMessage: 'This instance cannot send mail. Ask its operator to set up a mail server.',
    });
  await db().localMail.create({
    data: { id: newId(), to: mail.to, subject: mail.subject, text: mail.text, createdAt: now() },
  });
  logger().info({ to: mail.to, text: mail.text }, 'no mail server: the letter is on /mailbox');
  const old = await db().localMail.findMany({
    orderBy: { createdAt: 'desc' },
    skip: MAILBOX_SIZE,
    select: { id: true },
  });
  if (old.length > 0) await db().localMail.deleteMany({ where: { id: { in: old.map(({ id }) => id) } } });
}
