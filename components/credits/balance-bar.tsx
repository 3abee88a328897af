import type { Outputs } from '@/components/trpc/types';
import { cn } from '@/components/ui/cn';
import { formatDate, percentOf } from '@/components/ui/format';
import { formatCredits } from '@/server/credits/schema';
import { Credits } from './credits';

export type Balance = Outputs['credits']['balance'];

/** A sample of a bar's filling: bonus is hatched, so that the two differ without colour too. */
export const HATCH = 'bg-[repeating-linear-gradient(135deg,transparent_0_2px,var(--card)_2px_4px)]';

/** Monthly credits against bonus ones, as one bar; the words below carry the numbers. */
export function BalanceBar({ balance, className }: { balance: Balance; className?: string }) {
  const total = balance.monthly + balance.bonus;
  const monthly = percentOf(balance.monthly, total);
  return (
    <div
      role="img"
      aria-label={`Monthly ${formatCredits(balance.monthly)}, bonus ${formatCredits(balance.bonus)} credits`}
      className={cn('flex h-2 gap-px overflow-hidden rounded-full bg-border', className)}
    >
      {balance.monthly > 0n ? <span className="bg-chalk" style={{ width: `${Math.max(monthly, 2)}%` }} /> : null}
      {balance.bonus > 0n ? <span className={cn('flex-1 bg-brass-mark', HATCH)} /> : null}
    </div>
  );
}

/** A member's own limit, where an admin set one: what it leaves, and what the organization has beside it. */
export function OwnBudget({ balance, className }: { balance: Balance; className?: string }) {
  const { budget, shared } = balance;
  if (budget === null) return null;
  return (
    <p className={cn('text-[0.8125rem] text-muted-foreground', className)}>
      Your budget this period: <Credits micro={budget.left} className="text-foreground" /> left of{' '}
      <Credits micro={budget.limit} unit />. The organization has <Credits micro={shared} unit /> to spend.
    </p>
  );
}

/** What running work holds beside the balance, and what is left to begin work with; nothing while no work runs. */
export function HeldNow({ balance, className }: { balance: Balance; className?: string }) {
  if (balance.held <= 0n) return null;
  return (
    <p className={cn('text-[0.8125rem] text-muted-foreground', className)}>
      <Credits micro={balance.held} className="text-foreground" /> held by running work,{' '}
      <Credits micro={balance.spendable} className="text-foreground" /> free to spend. What is not used comes back.
    </p>
  );
}

function Swatch({ className }: { className: string }) {
  return <span aria-hidden="true" className={cn('size-2.5 rounded-xs', className)} />;
}

/** Where the credits come from, what running work holds, and what the next purchase repays. */
export function BalanceParts({ balance }: { balance: Balance }) {
  const { monthly, bonus, held, owed, plan, periodEnd } = balance;
  const parts = [
    {
      name: 'Monthly',
      micro: monthly,
      swatch: 'bg-chalk',
      note: plan.monthlyMicro > 0n ? `of ${formatCredits(plan.monthlyMicro)}` : '',
    },
    { name: 'Bonus', micro: bonus, swatch: cn('bg-brass-mark', HATCH), note: 'does not expire' },
    // A part of the two above, until the work is done.
    { name: 'of these held by running work', micro: held, swatch: '', note: '' },
    ...(owed > 0n ? [{ name: 'Owed, taken from the next purchase', micro: owed, swatch: '', note: '' }] : []),
  ];
  return (
    <div className="space-y-1.5 text-[0.8125rem]">
      <dl className="space-y-1">
        {parts.map(({ name, micro, swatch, note }) => (
          <div key={name} className="flex items-center gap-2">
            <Swatch className={swatch} />
            <dt className="min-w-0">
              {name}
              {note === '' ? null : <span className="text-muted-foreground"> {note}</span>}
            </dt>
            <dd className="num ml-auto">
              <Credits micro={micro} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="text-muted-foreground">
        {plan.monthlyMicro > 0n ? (
          <>
            {plan.name} plan: monthly credits are granted again on{' '}
            <time dateTime={periodEnd.toISOString()} className="whitespace-nowrap">
              {formatDate(periodEnd)}
            </time>
            .
          </>
        ) : (
          <>The {plan.name} plan gives a team no monthly credits.</>
        )}
      </p>
    </div>
  );
}
