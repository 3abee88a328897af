import { PageSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PageSkeleton className="mx-auto w-full max-w-5xl space-y-4 px-4 py-6" cards={['h-9', 'h-64']} />;
}
