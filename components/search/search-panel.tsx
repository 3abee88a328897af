'use client';
import { skipToken, useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import Link from 'next/link';
import { useRouter, useSearchParams } from 'next/navigation';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { CodeView } from '@/components/files/code-view';
import { useProjectStream } from '@/components/project/project-stream';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Card, Section } from '@/components/ui/card';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { Input } from '@/components/ui/field';
import { plural } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';

/** Pixels of code above the first word that is marked. */
const ABOVE_FIRST_MARK_PX = 40;

/** A hit's code, scrolled to the first word that was looked for. */
function FromFirstMark({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const mark = box.current?.querySelector('mark');
    if (box.current === null || mark === null || mark === undefined) return;
    const below = mark.getBoundingClientRect().top - box.current.getBoundingClientRect().top;
    box.current.scrollTop += below - ABOVE_FIRST_MARK_PX;
  }, []);
  return (
    <div ref={box} className="max-h-64 overflow-y-auto">
      {children}
    </div>
  );
}

/** Finds code by what it means and by the words in it; says which of the two worked. */
export function SearchPanel() {
  const { projectId } = useProjectStream();
  const trpc = useTRPC();
  const router = useRouter();
  const params = useSearchParams();
  const query = params.get('q') ?? '';
  const [text, setText] = useState(query);
  const { data, error, isFetching, refetch } = useQuery(
    trpc.search.code.queryOptions(query === '' ? skipToken : { projectId, query, limit: 20 }),
  );
  return (
    <Section title="Search the code" titleId="search-title">
      <search>
        <form
          className="flex gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            router.replace(`/projects/${projectId}/search?q=${encodeURIComponent(text.trim())}`, { scroll: false });
          }}
        >
          <Input
            type="search"
            aria-label="Search the code"
            placeholder="where is the input validated?"
            value={text}
            maxLength={500}
            onChange={(event) => setText(event.target.value)}
          />
          <Button type="submit" variant="primary">
            <Search aria-hidden="true" /> Search
          </Button>
        </form>
      </search>
      <div aria-live="polite" className="mt-3 space-y-3">
        {query === '' ? (
          <EmptyState title="Ask in your own words">
            Search looks for meaning and for names; a name spelled exactly comes first. Each hit opens the file at its
            line.
          </EmptyState>
        ) : null}
        {error !== null ? (
          <ErrorState title="The search failed" message={errorMessage(error)} onRetry={() => void refetch()} />
        ) : null}
        {query !== '' && data === undefined && isFetching ? <SkeletonRows label="Searching" rows={3} /> : null}
        {data === undefined || query === '' ? null : (
          <>
            <p className="flex flex-wrap items-center gap-2 text-[0.8125rem] text-muted-foreground">
              {plural(data.hits.length, 'hit')}{' '}
              <Badge tone={data.mode === 'hybrid' ? 'chalk' : 'neutral'}>
                {data.mode === 'hybrid' ? 'meaning and words' : 'words only'}
              </Badge>
              {data.note}
            </p>
            {data.hits.length === 0 ? (
              <EmptyState title={`Nothing in the code answers “${query}”`}>
                Try other words, or a name as the code spells it. Only the files of finished steps are searched.
              </EmptyState>
            ) : null}
            <ol className="space-y-3">
              {data.hits.map((hit) => (
                <li key={`${query}:${hit.path}:${hit.startLine}:${hit.endLine}`}>
                  <Card className="overflow-hidden">
                    <div className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 border-b border-border bg-muted px-3 py-1.5 text-[0.75rem]">
                      <Link
                        className="font-mono break-all text-chalk underline underline-offset-2"
                        href={`/projects/${projectId}/files?path=${encodeURIComponent(hit.path)}&line=${hit.startLine}&end=${hit.endLine}`}
                      >
                        {hit.path}:{hit.startLine}
                      </Link>
                      {hit.symbol === null ? null : <span className="font-medium">{hit.symbol}</span>}
                      <span className="ml-auto text-muted-foreground">
                        {hit.why.map((why) => (why === 'vector' ? 'by meaning' : 'by words')).join(', ')}
                      </span>
                    </div>
                    <FromFirstMark>
                      <CodeView
                        code={hit.content}
                        language={hit.path}
                        label={`${hit.path}, lines ${hit.startLine} to ${hit.endLine}`}
                        firstLine={hit.startLine}
                        words={data.terms}
                      />
                    </FromFirstMark>
                  </Card>
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </Section>
  );
}
