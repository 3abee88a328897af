import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { NewProjectForm } from '@/components/projects/new-project-form';
import { api, currentCaller } from '@/server/api/caller';
import { type Ask, ReadAhead } from '../../read-ahead';
import { createProject } from './create-project';

export const metadata: Metadata = { title: 'New project' };

/** What the form's levels and its quote need, so that nothing moves when they come. */
const ask: Ask = (client, trpc) => [
  client.prefetchQuery(trpc.access.check.queryOptions({ capability: 'implement' })),
  client.prefetchQuery(trpc.access.design.queryOptions({ quality: 'fast' })),
];

export default async function NewProjectPage() {
  // The layout, which asks the same, is not rendered again on the way from one page to another.
  if ((await currentCaller()) === null) redirect('/sign-in?callbackUrl=/projects/new');
  const caller = await api();
  const [examples, me] = await Promise.all([caller.projects.examples(), caller.account.me()]);
  return (
    <main id="content" className="mx-auto w-full max-w-3xl space-y-6 px-4 py-6">
      <div className="space-y-1">
        <h1 className="text-xl font-semibold">New project</h1>
        <p className="text-muted-foreground">
          Say what it should do. The architect asks what is unclear, writes a spec and a plan with a quote. Building
          starts when you approve.
        </p>
      </div>
      <ReadAhead ask={ask}>
        <NewProjectForm
          action={createProject}
          demo={me.demo}
          examples={examples.map(({ slug, title, description }) => ({ slug, title, description }))}
        />
      </ReadAhead>
    </main>
  );
}
