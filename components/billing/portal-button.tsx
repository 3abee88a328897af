'use client';
import { CreditCard } from 'lucide-react';
import { Button, type ButtonProps } from '@/components/ui/button';
import { usePortal } from './use-plan-change';

/** Where this page is; the payment service leads back to it. */
export const BILLING_PATH = '/settings/billing';

export function PortalButton({ variant, size }: Pick<ButtonProps, 'variant' | 'size'>) {
  const { open, busy } = usePortal(BILLING_PATH);
  return (
    <Button variant={variant} size={size} disabled={busy} onClick={open}>
      <CreditCard aria-hidden="true" /> Update payment method
    </Button>
  );
}
