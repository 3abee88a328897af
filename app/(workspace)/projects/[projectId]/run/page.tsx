import type { Metadata } from 'next';
import { RunTimeline } from '@/components/run/run-timeline';

export const metadata: Metadata = { title: 'Run' };

export default function RunPage() {
  return <RunTimeline />;
}
