import { PageSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PageSkeleton className="min-w-0 flex-1" cards={['h-28', 'h-20', 'h-40']} />;
}
