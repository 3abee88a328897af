'use server';
import { TRPCError } from '@trpc/server';
import { redirect } from 'next/navigation';
import { api, rememberOrganization } from '@/server/api/caller';
import { refusalSentence } from '@/server/api/trpc';
import { invitationTokenSchema } from '@/server/organizations/schema';

/** Joins the team and works in it from now on. @returns what to tell the person when that is not possible. */
export async function acceptInvitation(sent: unknown): Promise<string> {
  const parsed = invitationTokenSchema.safeParse({ token: sent });
  if (!parsed.success) return refusalSentence(new TRPCError({ code: 'BAD_REQUEST' }));
  const { token } = parsed.data;
  try {
    const caller = await api();
    const { organizationId } = await caller.organizations.accept({ token });
    await rememberOrganization(organizationId);
  } catch (error) {
    if (!(error instanceof TRPCError) || error.code === 'INTERNAL_SERVER_ERROR') throw error;
    if (error.code === 'UNAUTHORIZED') redirect(`/sign-in?callbackUrl=${encodeURIComponent(`/invite/${token}`)}`);
    return refusalSentence(error);
  }
  redirect('/projects');
}
