'use client';

import { useRouter } from 'next/navigation';
import { getCsrfToken, signIn } from 'next-auth/react';
import { type FormEvent, useState } from 'react';

interface Props {
  callbackUrl: string;
  /** next-auth's error code from the address, if any. */
  error: string | null;
  ways: { local: boolean; github: boolean; google: boolean };
}

const TOO_MANY = 'Too many links were asked for. Use the newest letter you have, or try again in 15 minutes.';

/** Sign-in by e-mail link, or by a provider that is configured. */
export function SignInForm({ callbackUrl, error, ways }: Props) {
  const router = useRouter();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(
    error === 'AccessDenied'
      ? TOO_MANY
      : error !== null
        ? 'That link is not valid any more, or sign-in failed. Ask for a new link.'
        : '',
  );

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    const email = String(new FormData(event.currentTarget).get('email') ?? '').trim();
    await getCsrfToken();
    const result = await signIn('email', { email, callbackUrl, redirect: false });
    if (result?.error) {
      setProblem(result.status === 429 ? TOO_MANY : 'The link could not be sent. Check the address and try again.');
      setBusy(false);
    } else router.push('/verify-request');
  }

  return (
    <>
      <h1 className="text-xl font-semibold">Sign in</h1>
      <p className="mt-1 text-sm text-muted-foreground">
        We send you a link. A new address gets an account with welcome credits.
      </p>
      <form onSubmit={(event) => void submit(event)} className="mt-5 space-y-3">
        <label htmlFor="email" className="block text-sm font-medium">
          E-mail address
        </label>
        <input
          id="email"
          name="email"
          type="email"
          required
          autoComplete="email"
          aria-describedby={problem === '' ? undefined : 'sign-in-problem'}
          className="h-10 w-full rounded-md border border-input bg-background px-3 text-sm outline-none focus-visible:ring-2 focus-visible:ring-ring"
        />
        {problem === '' ? null : (
          <p id="sign-in-problem" role="alert" className="text-sm text-danger">
            {problem}
          </p>
        )}
        <button
          type="submit"
          disabled={busy}
          className="h-10 w-full rounded-md bg-primary text-sm font-medium text-primary-foreground disabled:opacity-60"
        >
          {busy ? 'Sending…' : 'Send me a link'}
        </button>
      </form>
      {ways.github || ways.google ? (
        <div className="mt-4 space-y-2">
          {ways.github ? <ProviderButton id="github" name="GitHub" callbackUrl={callbackUrl} /> : null}
          {ways.google ? <ProviderButton id="google" name="Google" callbackUrl={callbackUrl} /> : null}
        </div>
      ) : null}
      {ways.local ? (
        <p className="mt-5 text-xs text-muted-foreground">
          This instance has no mail server: the link appears on the local mailbox page.
        </p>
      ) : null}
    </>
  );
}

function ProviderButton({ id, name, callbackUrl }: { id: string; name: string; callbackUrl: string }) {
  return (
    <button
      type="button"
      onClick={() => void signIn(id, { callbackUrl })}
      className="h-10 w-full rounded-md border border-border text-sm font-medium"
    >
      Continue with {name}
    </button>
  );
}
