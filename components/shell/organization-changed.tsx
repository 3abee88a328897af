'use client';
import { toast } from 'sonner';
import { switchOrganization } from '@/components/settings/switch-organization';
import { appCode, errorDetail } from '@/components/trpc/error-message';
import { useShownOrganization } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Dialog, DialogContent } from '@/components/ui/dialog';

export interface OrganizationChange {
  /** The name of the organization the person works in now. */
  now: string | null;
  /** The name of the one this page shows; null: they do not belong to it any more. */
  shown: string | null;
}

/** What a refusal says about the page's organization; null for any other error. */
export function organizationChange(error: unknown): OrganizationChange | null {
  if (appCode(error) !== 'organization_changed') return null;
  return { now: errorDetail(error, 'organization'), shown: errorDetail(error, 'shown') };
}

/** Another window chose another organization: says so, and asks which of the two it shall be here. */
export function OrganizationChangedDialog({ change, onClose }: { change: OrganizationChange; onClose: () => void }) {
  const organizationId = useShownOrganization();
  const { now, shown } = change;
  const stay = () =>
    switchOrganization(organizationId, `${window.location.pathname}${window.location.search}`).catch((error: unknown) =>
      toast.error(error instanceof Error ? error.message : 'Something went wrong. Try again.'),
    );
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())}>
      <DialogContent
        title={now === null ? 'You work in another organization now' : `You work in “${now}” now`}
        className="[overflow-wrap:anywhere]"
      >
        <div className="space-y-4">
          <p className="text-[0.8125rem]">
            {shown === null
              ? 'You do not belong to the organization that this tab shows any more.'
              : `This tab still shows “${shown}”.`}{' '}
            Nothing was changed in either, and nothing will be from here until you choose.
          </p>
          <div className="flex flex-wrap justify-end gap-2">
            {shown === null ? null : (
              <Button className="h-auto min-h-8 whitespace-normal" onClick={() => void stay()}>
                Go on in {shown}
              </Button>
            )}
            <Button variant="primary" onClick={() => window.location.reload()}>
              Reload
            </Button>
          </div>
        </div>
      </DialogContent>
    </Dialog>
  );
}
