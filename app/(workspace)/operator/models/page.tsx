import type { Metadata } from 'next';
import { Models } from '@/components/operator/models';

export const metadata: Metadata = { title: 'Models and prices · Operator' };

export default function OperatorModelsPage() {
  return <Models />;
}
