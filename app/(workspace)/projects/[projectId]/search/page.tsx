import type { Metadata } from 'next';
import { Suspense } from 'react';
import { SearchPanel } from '@/components/search/search-panel';
import { Skeleton } from '@/components/ui/skeleton';

export const metadata: Metadata = { title: 'Search' };

export default function SearchPage() {
  return (
    <Suspense fallback={<Skeleton className="h-72" />}>
      <SearchPanel />
    </Suspense>
  );
}
