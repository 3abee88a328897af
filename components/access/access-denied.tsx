'use client';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { toast } from 'sonner';
import { errorMessage } from '@/components/trpc/error-message';
import { AccessDeniedDialog } from './access-denied-dialog';
import { type AccessScope, type Refusal, refusalOf } from './access-refusal';

interface Shown {
  refusal: Refusal;
  scope: AccessScope;
}

const ShowContext = createContext<((shown: Shown) => void) | null>(null);

/** One dialog for every refusal of the workspace. */
export function AccessDeniedProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [open, setOpen] = useState(false);
  const show = useCallback((next: Shown) => {
    setShown(next);
    setOpen(true);
  }, []);
  return (
    <ShowContext.Provider value={show}>
      {children}
      {shown === null ? null : <AccessDeniedDialog {...shown} open={open} onOpenChange={setOpen} />}
    </ShowContext.Provider>
  );
}

export function useShowRefusal(): (shown: Shown) => void {
  const show = useContext(ShowContext);
  if (show === null) throw new Error('useShowRefusal needs an AccessDeniedProvider above it');
  return show;
}

/** For `onError` of a mutation: a refusal opens the dialog with the ways out, any other failure is told in a toast. */
export function useRefused({ projectId, taskId }: AccessScope = {}): (error: unknown) => void {
  const show = useShowRefusal();
  return useMemo(
    () => (error: unknown) => {
      const refusal = refusalOf(error);
      if (refusal === null) toast.error(errorMessage(error));
      else show({ refusal, scope: { projectId, taskId } });
    },
    [show, projectId, taskId],
  );
}
