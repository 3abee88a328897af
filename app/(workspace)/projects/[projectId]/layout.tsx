import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import type { ReactNode } from 'react';
import { ProjectFrame } from '@/components/project/project-frame';
import { projectTitle } from '@/server/api/project-title';
import { ReadAhead } from '../../read-ahead';

interface Props {
  children: ReactNode;
  params: Promise<{ projectId: string }>;
}

/** `Run · Habit tracker · Plumbline`: the page, its project, the product. */
export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const title = await projectTitle((await params).projectId);
  if (title === null) return { title: 'Project not found' };
  // In a template, `%s` stands for the page's own title.
  return { title: { default: title, template: `%s · ${title.replaceAll('%s', '% s')} · Plumbline` } };
}

export default async function ProjectLayout({ children, params }: Props) {
  const { projectId } = await params;
  // Before anything is streamed, so that the answer's status can still say so.
  if ((await projectTitle(projectId)) === null) notFound();
  return (
    <ReadAhead ask={(client, trpc) => [client.prefetchQuery(trpc.projects.get.queryOptions({ projectId }))]}>
      <ProjectFrame key={projectId} projectId={projectId}>
        {children}
      </ProjectFrame>
    </ReadAhead>
  );
}
