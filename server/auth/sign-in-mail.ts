import 'server-only';
import { sendMail } from '@/server/platform/mail';

export async function sendSignInMail(to: string, url: string): Promise<void> {
  const host = new URL(url).host;
  await sendMail({
    to,
    subject: `Sign in to Plumbline (${host})`,
    text: `Sign in to Plumbline at ${host} with this link. It works once and for one hour.\n\n${url}\n\nIf you did not ask for it, ignore this letter.\n`,
    html: `<p>Sign in to Plumbline at ${host} with this link. It works once and for one hour.</p><p><a href="${url.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">Sign in</a></p><p>If you did not ask for it, ignore this letter.</p>`,
  });
}
