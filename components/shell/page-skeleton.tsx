import { Skeleton } from '@/components/ui/skeleton';

/** The shape of a page that is on its way: a title, a line about it, and cards. */
export function PageSkeleton({ className, cards }: { className: string; cards: readonly string[] }) {
  return (
    <main id="content" aria-busy="true" className={className}>
      <PartSkeleton cards={cards} titled />
    </main>
  );
}

/** The same inside a layout that has the page's landmark. `cards`: a height each. */
export function PartSkeleton({ cards, titled = false }: { cards: readonly string[]; titled?: boolean }) {
  return (
    <div role="status" className="space-y-6">
      <span className="sr-only">Loading the page</span>
      {titled ? (
        <div className="space-y-2">
          <Skeleton className="h-6 w-40" />
          <Skeleton className="h-4 w-80 max-w-full" />
        </div>
      ) : null}
      {cards.map((height, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Skeleton key={index} className={height} />
      ))}
    </div>
  );
}
