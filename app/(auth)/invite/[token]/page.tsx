import type { Metadata } from 'next';
import Link from 'next/link';
import { AcceptInvitation } from '@/components/settings/accept-invitation';
import { currentCaller } from '@/server/api/caller';
import { readInvitation } from '@/server/api/http/read-invitation';
import { acceptInvitation } from './accept-invitation';

export const dynamic = 'force-dynamic';
export const metadata: Metadata = { title: 'Invitation', referrer: 'no-referrer' };

interface Props {
  params: Promise<{ token: string }>;
}

const GONE = {
  none: [
    'No such invitation',
    'The link may be incomplete, or a newer letter has replaced it. Ask the team to send it again.',
  ],
  accepted: ['This invitation has been used', 'It works once. If it was you, the team is in your account menu.'],
  revoked: ['This invitation was withdrawn', 'Ask the team for a new one.'],
  expired: ['This invitation has expired', 'Ask the team to send it again.'],
} as const;

export default async function InvitePage({ params }: Props) {
  const { token } = await params;
  const [invitation, caller] = await Promise.all([readInvitation(token), currentCaller()]);
  if (invitation === null || invitation.state !== 'open') {
    const state = invitation === null || invitation.state === 'open' ? 'none' : invitation.state;
    const [title, text] = GONE[state];
    return (
      <>
        <h1 className="text-xl font-semibold">{title}</h1>
        <p className="mt-2 text-sm text-muted-foreground">{text}</p>
        <Link
          href="/projects"
          className="mt-4 inline-block text-sm font-medium text-chalk underline underline-offset-2"
        >
          Go to your projects
        </Link>
      </>
    );
  }
  return (
    <AcceptInvitation
      invitation={invitation}
      signedInAs={caller?.email ?? null}
      path={`/invite/${token}`}
      accept={acceptInvitation.bind(null, token)}
    />
  );
}
