import type { Metadata } from 'next';
import { Accounts } from '@/components/operator/accounts';

export const metadata: Metadata = { title: 'Organizations · Operator' };

export default function OperatorOrganizationsPage() {
  return <Accounts />;
}
