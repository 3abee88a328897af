'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '@/components/trpc/provider';
import type { Quality } from '@/server/models/schema';
import { QualitySelector } from './quality-selector';

/** Quality of a project that is not there yet: before its plan only a step of middle size can be estimated. */
export function NewProjectQuality({ value, onChange }: { value: Quality; onChange: (quality: Quality) => void }) {
  const trpc = useTRPC();
  const { data, error } = useQuery(trpc.access.check.queryOptions({ capability: 'implement' }));
  // The form works without it, at the quality every plan has.
  if (error !== null && data === undefined) return null;
  return (
    <div className="space-y-1">
      <QualitySelector legend="Quality" answer={data} value={value} scope={{}} onChange={onChange} />
      <p className="text-[0.75rem] text-muted-foreground">
        The amounts are for one coding step of middle size. The plan comes with its own quote, and the quality can be
        changed there.
      </p>
    </div>
  );
}
