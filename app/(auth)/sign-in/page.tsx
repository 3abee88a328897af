import { redirect } from 'next/navigation';
import { SignInForm } from '@/components/auth/sign-in-form';
import { currentCaller } from '@/server/api/caller';
import { signInWays } from '@/server/api/http/sign-in-ways';
import { isLocalPath } from '@/server/billing/schema';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'Sign in' };

interface Props {
  searchParams: Promise<{ callbackUrl?: string | string[]; error?: string | string[] }>;
}

export default async function SignInPage({ searchParams }: Props) {
  const { callbackUrl, error } = await searchParams;
  const target = typeof callbackUrl === 'string' && isLocalPath(callbackUrl) ? callbackUrl : '/projects';
  if ((await currentCaller()) !== null) redirect(target);
  return <SignInForm callbackUrl={target} error={error === undefined ? null : String(error)} ways={signInWays()} />;
}
