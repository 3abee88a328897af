import { headers } from 'next/headers';
import { notFound } from 'next/navigation';
import { localMailbox } from '@/server/api/http/local-mailbox';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'Local mailbox' };

export default async function MailboxPage() {
  const letters = await localMailbox(await headers());
  if (letters === null) notFound();
  return (
    <>
      <h1 className="text-xl font-semibold">Local mailbox</h1>
      <p className="mt-1 text-sm text-muted-foreground">
        This instance has no mail server, so letters arrive here. Only this machine can open this page.
      </p>
      {letters.length === 0 ? <p className="mt-5 text-sm">No letters yet.</p> : null}
      <ul className="mt-4 divide-y divide-border">
        {letters.map((letter) => (
          <li key={letter.id} className="py-3 text-sm">
            <p className="break-all font-medium">{letter.to}</p>
            <p className="text-muted-foreground">{letter.subject}</p>
            {letter.link === null ? null : (
              <a
                href={letter.link}
                className="mt-2 inline-flex h-9 items-center rounded-md bg-primary px-3 font-medium text-primary-foreground"
              >
                {letter.subject.startsWith('Sign in') ? 'Sign in' : 'Open the link'}
              </a>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
