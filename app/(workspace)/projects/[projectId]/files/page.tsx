import type { Metadata } from 'next';
import { Suspense } from 'react';
import { FilesPanel } from '@/components/files/files-panel';
import { Skeleton } from '@/components/ui/skeleton';

export const metadata: Metadata = { title: 'Files' };

export default function FilesPage() {
  return (
    <Suspense fallback={<Skeleton className="h-72" />}>
      <FilesPanel />
    </Suspense>
  );
}
