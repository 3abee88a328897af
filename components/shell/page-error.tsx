'use client';
import { ErrorState } from '@/components/ui/error-state';

/** Instead of a page that failed. */
export function PageError({ error, retry }: { error: Error & { digest?: string }; retry: () => void }) {
  return (
    <main id="content" className="mx-auto w-full max-w-2xl p-6">
      <h1 className="sr-only">Something went wrong</h1>
      <ErrorState
        title="This page could not be shown"
        message={`Your work is safe: runs go on by themselves.${error.digest === undefined ? '' : ` If it happens again, name this code: ${error.digest}.`}`}
        onRetry={retry}
      />
    </main>
  );
}
