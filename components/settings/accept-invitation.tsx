'use client';
import Link from 'next/link';
import { signOut } from 'next-auth/react';
import { useState, useTransition } from 'react';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { ROLE_TEXT, type Role } from '@/server/organizations/schema';

interface Props {
  invitation: { team: string; email: string; role: Role; from: string | null };
  /** Null: nobody is signed in. */
  signedInAs: string | null;
  /** This page, to come back to after signing in. */
  path: string;
  accept: () => Promise<string>;
}

/** One invitation: join, or sign in as the person it is for first. */
export function AcceptInvitation({ invitation, signedInAs, path, accept }: Props) {
  const { team, email, role, from } = invitation;
  const [problem, setProblem] = useState('');
  const [busy, start] = useTransition();
  const signIn = `/sign-in?callbackUrl=${encodeURIComponent(path)}`;
  const isOther = signedInAs !== null && signedInAs.toLowerCase() !== email;
  return (
    <div className="space-y-4">
      <div className="space-y-1.5">
        <h1 className="text-xl font-semibold text-balance">Join “{team}”</h1>
        <p className="text-sm text-muted-foreground">
          {from === null ? 'You are invited' : <span className="break-words">{from} invites you</span>} as{' '}
          <strong className="font-medium text-foreground">{ROLE_TEXT[role].name.toLowerCase()}</strong>.{' '}
          {ROLE_TEXT[role].may}
        </p>
        <p className="text-sm text-muted-foreground">
          The team has its own projects and credits; your personal workspace stays as it is.
        </p>
      </div>
      {isOther ? (
        <Callout
          tone="warning"
          title="This invitation is for another address"
          actions={
            <Button size="sm" onClick={() => void signOut({ callbackUrl: signIn })}>
              Sign out and sign in again
            </Button>
          }
        >
          <span className="[overflow-wrap:anywhere]">
            It was sent to {email}. You are signed in as {signedInAs}.
          </span>
        </Callout>
      ) : null}
      {problem === '' ? null : (
        <p role="alert" className="text-sm text-danger">
          {problem}
        </p>
      )}
      {signedInAs === null ? (
        <Button asChild variant="primary" className="h-10 w-full">
          <Link href={signIn} className="min-w-0">
            <span className="truncate">Sign in as {email}</span>
          </Link>
        </Button>
      ) : isOther ? null : (
        <Button
          variant="primary"
          className="h-10 w-full"
          disabled={busy}
          onClick={() => start(async () => setProblem((await accept()) ?? ''))}
        >
          {busy ? 'Joining…' : 'Join the team'}
        </Button>
      )}
    </div>
  );
}
