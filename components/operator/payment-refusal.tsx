'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '@/components/trpc/provider';
import { Callout } from '@/components/ui/callout';
import { formatDateTime } from '@/components/ui/format';

/** What Stripe refused last within a week: customers saw that payments do not work, and only the operator can mend it. */
export function PaymentRefusal() {
  const trpc = useTRPC();
  const { data: refusal } = useQuery(trpc.operator.paymentRefusal.queryOptions());
  if (refusal == null) return null;
  return (
    <Callout tone="danger" title={`Stripe refused a request on ${formatDateTime(refusal.at)} UTC`}>
      <p>{refusal.advice}</p>
      <p className="mt-1 break-words font-mono text-[0.75rem]">{refusal.reason}</p>
      <p className="mt-1">This stays for a week after the last refusal, also when the cause was mended since.</p>
    </Callout>
  );
}
