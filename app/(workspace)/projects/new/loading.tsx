import { PageSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PageSkeleton className="mx-auto w-full max-w-3xl space-y-6 px-4 py-6" cards={['h-40', 'h-24', 'h-64']} />;
}
