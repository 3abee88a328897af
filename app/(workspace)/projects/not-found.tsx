import Link from 'next/link';
import { Button } from '@/components/ui/button';
import { EmptyState } from '@/components/ui/empty-state';

export default function ProjectNotFound() {
  return (
    <main id="content" className="mx-auto w-full max-w-2xl p-6">
      <EmptyState
        title="No such project"
        action={
          <Button asChild>
            <Link href="/projects">All projects</Link>
          </Button>
        }
      >
        <h1 className="sr-only">Project not found</h1>
        It does not exist, or it belongs to another workspace.
      </EmptyState>
    </main>
  );
}
