'use client';
import { errorMessage } from '@/components/trpc/error-message';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Dialog, DialogClose, DialogContent } from '@/components/ui/dialog';
import { changeTerms, type Overview, type PlanOffer, type Pricing } from './change-terms';
import { PortalButton } from './portal-button';
import { usePlanChange } from './use-plan-change';

/** Says what happens when, and changes the plan only then. */
export function ChangePlanDialog({
  offer,
  overview,
  pricing,
  isTeam,
  returnTo,
  onClose,
  onDone,
}: {
  offer: PlanOffer;
  overview: Overview;
  pricing: Pricing | undefined;
  isTeam: boolean;
  returnTo: string | null;
  onClose: () => void;
  onDone: (outcome: Outputs['billing']['changePlan']) => void;
}) {
  const { title, action, terms, lost } = changeTerms(offer, { overview, pricing, isTeam });
  const { change, busy, error, paymentProblem } = usePlanChange(onDone);
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent title={title} description="This is what happens, and when.">
        <div className="space-y-4">
          <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 text-[0.8125rem]">
            {terms.map(({ name, text }) => (
              <div key={name} className="contents">
                <dt className="text-muted-foreground">{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
          {lost.length === 0 ? null : (
            <Callout tone="warning" title="You lose">
              <ul className="list-disc space-y-0.5 pl-4">
                {lost.map((what) => (
                  <li key={what}>{what}</li>
                ))}
              </ul>
            </Callout>
          )}
          {error === null ? null : (
            <div role="alert">
              <Callout
                tone="danger"
                title="The plan was not changed"
                actions={paymentProblem && overview.portal ? <PortalButton size="sm" /> : undefined}
              >
                {errorMessage(error)}
              </Callout>
            </div>
          )}
          <div className="flex flex-wrap justify-end gap-2">
            <DialogClose asChild>
              <Button>Keep {overview.plan.name}</Button>
            </DialogClose>
            <Button
              variant={offer.change.kind === 'downgrade' ? 'danger' : 'primary'}
              disabled={busy}
              onClick={() => change({ planId: offer.id, ...(returnTo === null ? {} : { returnTo }) })}
            >
              {busy ? 'One moment…' : action}
            </Button>
          </div>
        </div>
      </DialogContent>
    </Dialog>
  );
}
