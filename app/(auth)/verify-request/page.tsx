import Link from 'next/link';
import { signInWays } from '@/server/api/http/sign-in-ways';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'Check your mail' };

export default function VerifyRequestPage() {
  const { local } = signInWays();
  return (
    <>
      <h1 className="text-xl font-semibold">Check your mail</h1>
      <p className="mt-2 text-sm text-muted-foreground">
        If the address is right, a link to sign in is on its way. It works once and for one hour.
      </p>
      {local ? (
        <Link
          href="/mailbox"
          className="mt-5 inline-flex h-10 w-full items-center justify-center rounded-md bg-primary text-sm font-medium text-primary-foreground"
        >
          Open the local mailbox
        </Link>
      ) : null}
    </>
  );
}
