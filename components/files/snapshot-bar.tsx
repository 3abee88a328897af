'use client';
import { useMutation } from '@tanstack/react-query';
import { Download, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useProjectStream } from '@/components/project/project-stream';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import type { Outputs } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Dialog, DialogClose, DialogContent, DialogTrigger } from '@/components/ui/dialog';
import { Label, Select } from '@/components/ui/field';
import { formatDateTime, plural } from '@/components/ui/format';

export type SnapshotRow = Outputs['files']['snapshots'][number];

function name(row: SnapshotRow): string {
  return `${row.label}${row.isHead ? ' (current)' : ''} · ${formatDateTime(row.createdAt)} · ${plural(row.fileCount, 'file')}`;
}

/** Which snapshot is looked at, what it is compared with, and the way back to it. */
export function SnapshotBar({
  rows,
  selected,
  compare,
  onSelect,
  onCompare,
}: {
  rows: readonly SnapshotRow[];
  selected: SnapshotRow;
  compare: string | null;
  onSelect: (id: string) => void;
  onCompare: (id: string | null) => void;
}) {
  const { projectId, view, refresh } = useProjectStream();
  const trpc = useTRPC();
  const [open, setOpen] = useState(false);
  const rollback = useMutation(
    trpc.files.rollback.mutationOptions({
      onSuccess: async () => {
        setOpen(false);
        await refresh();
        toast.success('Rolled back. The later snapshots are still in the list.');
      },
      onError: (error) => toast.error(errorMessage(error)),
    }),
  );
  return (
    <div className="flex flex-wrap items-end gap-2">
      <div className="min-w-40 flex-2 max-sm:basis-full">
        <Label htmlFor="snapshot">Snapshot</Label>
        <Select id="snapshot" value={selected.id} onChange={(event) => onSelect(event.target.value)}>
          {rows.map((row) => (
            <option key={row.id} value={row.id}>
              {name(row)}
            </option>
          ))}
        </Select>
      </div>
      <div className="min-w-40 flex-1 max-sm:basis-56">
        <Label htmlFor="compare">Compare with</Label>
        <Select
          id="compare"
          value={compare ?? ''}
          onChange={(event) => onCompare(event.target.value === '' ? null : event.target.value)}
        >
          <option value="">nothing: show files</option>
          <option value="empty">the empty project</option>
          {rows
            .filter((row) => row.id !== selected.id)
            .map((row) => (
              <option key={row.id} value={row.id}>
                {name(row)}
              </option>
            ))}
        </Select>
      </div>
      <Button asChild>
        <a
          href={`/api/projects/${projectId}/archive?snapshot=${selected.id}`}
          download
          aria-label="Download this snapshot as ZIP"
        >
          <Download aria-hidden="true" /> ZIP
        </a>
      </Button>
      {selected.isHead ? null : (
        <Dialog open={open} onOpenChange={setOpen}>
          <DialogTrigger asChild>
            <Button disabled={view?.actions.canStop === true}>
              <Undo2 aria-hidden="true" /> Roll back to this
            </Button>
          </DialogTrigger>
          <DialogContent
            title="Roll back?"
            description={`The project's files become those of “${selected.label}”. Nothing is deleted: you can roll forward again.`}
          >
            <div className="flex justify-end gap-2">
              <DialogClose asChild>
                <Button>Keep as it is</Button>
              </DialogClose>
              <Button
                variant="primary"
                disabled={rollback.isPending}
                onClick={() => rollback.mutate({ projectId, snapshotId: selected.id })}
              >
                Roll back
              </Button>
            </div>
          </DialogContent>
        </Dialog>
      )}
    </div>
  );
}
