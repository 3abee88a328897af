import { PartSkeleton } from '@/components/shell/page-skeleton';

export default function Loading() {
  return <PartSkeleton cards={['h-8', 'h-64']} />;
}
