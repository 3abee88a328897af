import type { Metadata } from 'next';
import { Overview } from '@/components/project/overview';
import { projectTitle } from '@/server/api/project-title';

/** The layout's template is for the segments below it only. */
export async function generateMetadata({ params }: { params: Promise<{ projectId: string }> }): Promise<Metadata> {
  const project = (await projectTitle((await params).projectId)) ?? 'Project';
  return { title: { absolute: `Overview · ${project} · Plumbline` } };
}

export default function ProjectPage() {
  return <Overview />;
}
