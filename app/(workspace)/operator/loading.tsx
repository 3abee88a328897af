import { PartSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PartSkeleton cards={['h-40', 'h-64']} />;
}
