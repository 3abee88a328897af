'use client';
import { ErrorState } from '@/components/ui/error-state';
import { useReloadWhenBack } from './use-reload-when-back';

interface Props {
  error: Error & { digest?: string };
  retry: () => void;
}

/** Instead of a part of a page that failed, inside a layout that still stands. */
export function PartError({ error, retry }: Props) {
  useReloadWhenBack();
  return (
    <ErrorState
      title="This page could not be shown"
      message={`Your work is safe: runs go on by themselves.${error.digest === undefined ? '' : ` If it happens again, name this code: ${error.digest}.`}`}
      onRetry={retry}
    />
  );
}

/** Instead of a whole page that failed. */
export function PageError(props: Props) {
  return (
    <main id="content" className="mx-auto w-full max-w-2xl min-w-0 flex-1 p-6">
      <h1 className="sr-only">Something went wrong</h1>
      <PartError {...props} />
    </main>
  );
}
