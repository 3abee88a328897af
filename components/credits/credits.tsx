import { cn } from '@/components/ui/cn';
import { formatCredits, MICRO } from '@/server/credits/schema';

/** All six decimals, for the tooltip of a rounded amount. */
function exact(micro: bigint): string {
  const abs = micro < 0n ? -micro : micro;
  return `${micro < 0n ? '-' : ''}${abs / MICRO}.${(abs % MICRO).toString().padStart(6, '0')} credits`;
}

/** An amount of credits, two decimals, right aligned. */
export function Credits({
  micro,
  className,
  unit = false,
  signed = false,
}: {
  micro: bigint;
  className?: string;
  unit?: boolean;
  signed?: boolean;
}) {
  return (
    <span className={cn('num', className)} title={exact(micro)}>
      {signed && micro > 0n ? '+' : ''}
      {formatCredits(micro)}
      {unit ? <span className="text-muted-foreground"> cr</span> : null}
    </span>
  );
}

/** A quote: likely cost to the most it is expected to cost. */
export function QuoteRange({ p50, p90, className }: { p50: bigint; p90: bigint; className?: string }) {
  return (
    <span
      className={cn('num', className)}
      title={`Half of such work costs at most ${exact(p50)}, nine in ten at most ${exact(p90)}`}
    >
      {formatCredits(p50)}
      <span aria-hidden="true">–</span>
      <span className="sr-only"> to </span>
      {formatCredits(p90)}
      <span className="text-muted-foreground"> cr</span>
    </span>
  );
}
