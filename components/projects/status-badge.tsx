import { Check, Circle, CircleDot, LoaderCircle, type LucideIcon, TriangleAlert, X } from 'lucide-react';
import { Badge, type BadgeTone } from '@/components/ui/badge';
import type { StatusLabel } from './status-labels';

const ICONS: Record<BadgeTone, LucideIcon> = {
  neutral: Circle,
  chalk: CircleDot,
  brass: CircleDot,
  success: Check,
  warning: TriangleAlert,
  danger: X,
};

export function StatusBadge({ status }: { status: StatusLabel }) {
  const Icon = status.busy === true ? LoaderCircle : ICONS[status.tone];
  return (
    <Badge tone={status.tone}>
      <Icon aria-hidden="true" className={status.busy === true ? 'animate-spin' : undefined} />
      {status.label}
    </Badge>
  );
}
