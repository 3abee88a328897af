'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { TriangleAlert, X } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';

/** Milliseconds between two looks for notices that a job wrote. */
const LOOK_MS = 120_000;

/** The newest notice nobody has put away yet, as one strip under the header. */
export function NoticeBanner() {
  const trpc = useTRPC();
  const pathname = usePathname();
  const queryClient = useQueryClient();
  const { data } = useQuery(trpc.notices.open.queryOptions(undefined, { refetchInterval: LOOK_MS }));
  const dismiss = useMutation(
    trpc.notices.dismiss.mutationOptions({
      // Also when it failed: somebody else has put it away, and the list says so.
      onSettled: () => queryClient.invalidateQueries(trpc.notices.pathFilter()),
    }),
  );
  const notice = data?.[0];
  if (notice === undefined || data === undefined) return null;
  return (
    <aside
      aria-label="Notice"
      data-notice=""
      className="flex min-h-10 shrink-0 items-center gap-2 border-b border-warning/35 bg-warning-soft px-3 text-[0.8125rem] sm:px-4"
    >
      <TriangleAlert aria-hidden="true" className="size-4 shrink-0 text-warning" />
      <p className="min-w-0 flex-1 py-1">
        {notice.body}
        {data.length > 1 ? <span className="text-muted-foreground"> {data.length - 1} more.</span> : null}
      </p>
      {notice.link === null || notice.link === pathname ? null : (
        <Button size="sm" asChild>
          <Link href={notice.link}>Open</Link>
        </Button>
      )}
      <Button
        size="icon"
        variant="ghost"
        aria-label="Dismiss notice"
        disabled={dismiss.isPending}
        onClick={() => dismiss.mutate({ id: notice.id })}
      >
        <X aria-hidden="true" />
      </Button>
    </aside>
  );
}
