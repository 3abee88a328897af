import type { ReactNode } from 'react';
import { ProjectFrame } from '@/components/project/project-frame';

export default async function ProjectLayout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ projectId: string }>;
}) {
  const { projectId } = await params;
  return (
    <ProjectFrame key={projectId} projectId={projectId}>
      {children}
    </ProjectFrame>
  );
}
