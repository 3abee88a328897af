import type { Metadata } from 'next';
import { Overview } from '@/components/project/overview';

export const metadata: Metadata = { title: 'Project' };

export default function ProjectPage() {
  return <Overview />;
}
