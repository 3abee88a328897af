import type { Metadata } from 'next';
import { PlanPanel } from '@/components/plan/plan-panel';

export const metadata: Metadata = { title: 'Plan' };

export default function PlanPage() {
  return <PlanPanel />;
}
