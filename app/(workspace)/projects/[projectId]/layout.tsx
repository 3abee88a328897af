import { notFound } from 'next/navigation';
import type { ReactNode } from 'react';
import { ProjectFrame } from '@/components/project/project-frame';
import { projectExists } from '@/server/api/project-exists';

export default async function ProjectLayout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ projectId: string }>;
}) {
  const { projectId } = await params;
  // Before anything is streamed, so that the answer's status can still say so.
  if (!(await projectExists(projectId))) notFound();
  return (
    <ProjectFrame key={projectId} projectId={projectId}>
      {children}
    </ProjectFrame>
  );
}
