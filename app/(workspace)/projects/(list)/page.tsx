import { Plus } from 'lucide-react';
import type { Metadata } from 'next';
import Link from 'next/link';
import { ProjectList } from '@/components/projects/project-list';
import { Button } from '@/components/ui/button';
import { type Ask, ReadAhead } from '../../read-ahead';

export const metadata: Metadata = { title: 'Projects' };

const ask: Ask = (client, trpc) => [
  client.prefetchInfiniteQuery(
    trpc.projects.list.infiniteQueryOptions(
      { archived: false },
      { getNextPageParam: (page) => page.nextCursor ?? undefined },
    ),
  ),
];

export default function ProjectsPage() {
  return (
    <main id="content" className="mx-auto w-full max-w-5xl space-y-4 px-4 py-6">
      <div className="flex items-center justify-between gap-3">
        <h1 className="text-xl font-semibold">Projects</h1>
        <Button variant="primary" asChild>
          <Link href="/projects/new">
            <Plus aria-hidden="true" /> New project
          </Link>
        </Button>
      </div>
      <ReadAhead ask={ask}>
        <ProjectList />
      </ReadAhead>
    </main>
  );
}
