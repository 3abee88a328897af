import { PageSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PageSkeleton className="mx-auto w-full max-w-5xl px-4 py-6" cards={['h-40', 'h-72', 'h-72']} />;
}
