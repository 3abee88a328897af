import Link from 'next/link';
import { Button } from '@/components/ui/button';
import { EmptyState } from '@/components/ui/empty-state';

/** Where a project was asked for that is not there, or not this organization's: which of the two is nobody's business. */
export function NoSuchProject() {
  return (
    <EmptyState
      title="No such project"
      action={
        <Button asChild>
          <Link href="/projects">All projects</Link>
        </Button>
      }
    >
      <h1 className="sr-only">Project not found</h1>
      It does not exist, or it belongs to another organization.
    </EmptyState>
  );
}
