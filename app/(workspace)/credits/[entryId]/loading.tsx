import { PageSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PageSkeleton className="mx-auto w-full max-w-3xl px-4 py-6" cards={['h-96']} />;
}
