import { cn } from '@/components/ui/cn';
import { exactCredits, formatCredits } from '@/server/credits/schema';

/** An amount of credits, two decimals, right aligned; the tooltip has the rest, or with `exact` the page itself. */
export function Credits({
  micro,
  className,
  unit = false,
  signed = false,
  exact = false,
}: {
  micro: bigint;
  className?: string;
  unit?: boolean;
  signed?: boolean;
  exact?: boolean;
}) {
  return (
    <span className={cn('num', className)} title={`${exactCredits(micro)} credits`}>
      {signed && micro > 0n ? '+' : ''}
      {exact ? exactCredits(micro) : formatCredits(micro)}
      {unit ? <span className="text-muted-foreground"> cr</span> : null}
    </span>
  );
}

/** What a project was charged; what an attempt at work has taken stands beside it until its verdict. */
export function Charged({
  totals,
}: {
  totals: { chargedMicro: bigint; provisionalMicro: bigint; absorbedMicro: bigint };
}) {
  const { chargedMicro, provisionalMicro, absorbedMicro } = totals;
  return (
    <span>
      charged <Credits micro={chargedMicro} unit className="text-foreground" />
      {provisionalMicro > 0n ? (
        <>
          {' '}
          · until the verdict <Credits micro={provisionalMicro} unit />
        </>
      ) : null}
      {absorbedMicro > 0n ? (
        <>
          {' '}
          · absorbed <Credits micro={absorbedMicro} unit />
        </>
      ) : null}
    </span>
  );
}

/** A quote: likely cost to the most it is expected to cost. */
export function QuoteRange({ p50, p90, className }: { p50: bigint; p90: bigint; className?: string }) {
  const [likely, upper] = [formatCredits(p50), formatCredits(p90)];
  return (
    <span
      className={cn('num', className)}
      title={`Half of such work costs at most ${exactCredits(p50)} credits, nine in ten at most ${exactCredits(p90)}`}
    >
      {likely === upper ? null : (
        <>
          {likely}
          <span aria-hidden="true">–</span>
          <span className="sr-only"> to </span>
        </>
      )}
      {upper}
      <span className="text-muted-foreground"> cr</span>
    </span>
  );
}
