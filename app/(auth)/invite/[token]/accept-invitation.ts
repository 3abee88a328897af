'use server';
import { TRPCError } from '@trpc/server';
import { redirect } from 'next/navigation';
import { api, rememberOrganization } from '@/server/api/caller';

/** Joins the team and works in it from now on. @returns what to tell the person when that is not possible. */
export async function acceptInvitation(token: string): Promise<string> {
  try {
    const caller = await api();
    const { organizationId } = await caller.organizations.accept({ token });
    await rememberOrganization(organizationId);
  } catch (error) {
    if (!(error instanceof TRPCError) || error.code === 'INTERNAL_SERVER_ERROR') throw error;
    if (error.code === 'UNAUTHORIZED') redirect(`/sign-in?callbackUrl=${encodeURIComponent(`/invite/${token}`)}`);
    return error.message;
  }
  redirect('/projects');
}
