import { redirect } from 'next/navigation';
import { SignInForm } from '@/components/auth/sign-in-form';
import { currentCaller } from '@/server/api/caller';
import { signInWays } from '@/server/api/http/sign-in-ways';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'Sign in' };

interface Props {
  searchParams: Promise<{ callbackUrl?: string | string[]; error?: string | string[] }>;
}

export default async function SignInPage({ searchParams }: Props) {
  if ((await currentCaller()) !== null) redirect('/projects');
  const { callbackUrl, error } = await searchParams;
  const target =
    typeof callbackUrl === 'string' && callbackUrl.startsWith('/') && !callbackUrl.startsWith('//')
      ? callbackUrl
      : '/projects';
  return <SignInForm callbackUrl={target} error={error === undefined ? null : String(error)} ways={signInWays()} />;
}
