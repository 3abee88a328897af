'use server';
import { TRPCError } from '@trpc/server';
import { redirect } from 'next/navigation';
import { fieldMessages, type NewProjectState, newProjectSchema } from '@/components/projects/new-project-schema';
import { api } from '@/server/api/caller';
import { refusalSentence } from '@/server/api/trpc';
import { qualitySchema } from '@/server/models/schema';

/** Makes the project and shows it; the design starts at once. What calls it may send anything, not only a form. */
export async function createProject(_state: NewProjectState, form: unknown): Promise<NewProjectState> {
  if (!(form instanceof FormData))
    return { message: refusalSentence(new TRPCError({ code: 'BAD_REQUEST' })), fields: {} };
  const [example, organization] = [form.get('example'), form.get('organization')];
  const parsed = newProjectSchema.safeParse({
    title: form.get('title') ?? '',
    description: form.get('description') ?? '',
  });
  if (typeof example !== 'string' && !parsed.success) return { message: null, fields: fieldMessages(parsed.error) };
  const { title, description } = parsed.data ?? { title: '', description: '' };
  const asked = qualitySchema.optional().safeParse(form.get('quality') ?? undefined);
  if (!asked.success) return { message: 'This quality does not exist. Reload the page and choose again.', fields: {} };
  const quality = asked.data;
  let projectId: string;
  try {
    const caller = await api(typeof organization === 'string' ? organization : null);
    ({ projectId } = await caller.projects.create(
      typeof example === 'string' ? { example, quality } : { description, quality, ...(title === '' ? {} : { title }) },
    ));
  } catch (error) {
    if (!(error instanceof TRPCError) || error.code === 'INTERNAL_SERVER_ERROR') throw error;
    if (error.code === 'UNAUTHORIZED') redirect('/sign-in?callbackUrl=/projects/new');
    return { message: refusalSentence(error), fields: {} };
  }
  redirect(`/projects/${projectId}`);
}
