'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '@/components/trpc/provider';
import { formatQuote } from '@/server/credits/schema';
import type { Quality } from '@/server/models/schema';

/** What it costs to come from a description to a plan, before anything is spent. */
export function DesignQuote({ quality }: { quality: Quality }) {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.access.design.queryOptions({ quality }));
  if (data === undefined) return <>The plan is designed first.</>;
  return (
    <>
      Questions, specification and plan: <span className="num">{formatQuote(data.p50, data.p90)} cr</span>.
    </>
  );
}
