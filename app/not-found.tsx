import Link from 'next/link';
import { Button } from '@/components/ui/button';
import { EmptyState } from '@/components/ui/empty-state';

export const metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <main id="content" className="mx-auto grid min-h-[70dvh] w-full max-w-2xl place-items-center p-6">
      <div className="w-full">
        <h1 className="sr-only">Not found</h1>
        <EmptyState
          className="w-full"
          title="There is nothing at this address"
          action={
            <Button asChild>
              <Link href="/">Home</Link>
            </Button>
          }
        >
          The page was moved, or never was.
        </EmptyState>
      </div>
    </main>
  );
}
