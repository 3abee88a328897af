import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { SignInLinkForm } from '@/components/auth/sign-in-link-form';
import { readSignInLink } from '@/server/api/http/read-sign-in-link';

export const dynamic = 'force-dynamic';
export const metadata: Metadata = { title: 'Sign in', robots: { index: false } };

interface Props {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

/** Where the link of a sign-in letter leads. Looking at it uses nothing up: the button does. */
export default async function SignInLinkPage({ searchParams }: Props) {
  const link = readSignInLink(await searchParams);
  if (link === null) redirect('/sign-in?error=Verification');
  return <SignInLinkForm {...link} />;
}
