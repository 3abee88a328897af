'use client';
import { type FormEvent, useState } from 'react';

interface Props {
  email: string;
  /** Where the button posts to. */
  action: string;
}

/** One button that signs a person in by the link they opened; a plain form, which needs no scripts. */
export function SignInLinkForm({ email, action }: Props) {
  const [sent, setSent] = useState(false);

  function submitOnce(event: FormEvent<HTMLFormElement>) {
    if (sent) event.preventDefault();
    setSent(true);
  }

  return (
    <>
      <h1 className="text-xl font-semibold">Sign in</h1>
      <p className="mt-1 text-sm text-muted-foreground">
        This link signs you in as <strong className="break-all text-foreground">{email}</strong>. It works once.
      </p>
      <form method="post" action={action} onSubmit={submitOnce} className="mt-5">
        <button
          type="submit"
          aria-disabled={sent}
          className="h-10 w-full rounded-md bg-primary text-sm font-medium text-primary-foreground aria-disabled:opacity-60"
        >
          {sent ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </>
  );
}
