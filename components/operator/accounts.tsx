'use client';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Credits } from '@/components/credits/credits';
import { errorMessage } from '@/components/trpc/error-message';
import { useTRPC } from '@/components/trpc/provider';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Section } from '@/components/ui/card';
import { CopyButton } from '@/components/ui/copy-button';
import { Cell, DataTable } from '@/components/ui/data-table';
import { EmptyState } from '@/components/ui/empty-state';
import { ErrorState } from '@/components/ui/error-state';
import { Input } from '@/components/ui/field';
import { formatDate, plural } from '@/components/ui/format';
import { SkeletonRows } from '@/components/ui/skeleton';
import { AdjustDialog } from './adjust-dialog';
import type { Account } from './types';

const COLUMNS = [
  { name: 'Organization' },
  { name: 'Plan', wide: true },
  { name: 'Monthly', numeric: true, wide: true },
  { name: 'Bonus', numeric: true, wide: true },
  { name: 'Held', numeric: true, wide: true },
  { name: 'Owed', numeric: true, wide: true },
  { name: 'Action' },
];

/** Every organization with its balance; a correction by hand starts here. */
export function Accounts() {
  const trpc = useTRPC();
  const [search, setSearch] = useState('');
  const [adjusting, setAdjusting] = useState<Account | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    trpc.operator.accounts.infiniteQueryOptions(search === '' ? {} : { search }, {
      getNextPageParam: (page) => page.nextCursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  );
  const accounts = data?.pages.flatMap((page) => page.accounts);
  return (
    <Section title="Organizations" titleId="accounts-title" aside={<SearchForm onSearch={setSearch} />}>
      {error !== null && accounts === undefined ? (
        <ErrorState
          title="The organizations could not be read"
          message={errorMessage(error)}
          onRetry={() => void refetch()}
        />
      ) : null}
      {accounts === undefined && error === null ? <SkeletonRows label="Loading the organizations" /> : null}
      {accounts?.length === 0 ? (
        <EmptyState title="No organization">
          {search === ''
            ? 'The first sign-in makes one.'
            : `Neither a name nor a member’s address has “${search}” in it.`}
        </EmptyState>
      ) : null}
      {accounts !== undefined && accounts.length > 0 ? (
        <DataTable label="Organizations, newest first" columns={COLUMNS}>
          {accounts.map((account) => (
            <Row key={account.id} account={account} onAdjust={() => setAdjusting(account)} />
          ))}
        </DataTable>
      ) : null}
      {hasNextPage ? (
        <div className="mt-3 text-center">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more organizations
          </Button>
        </div>
      ) : null}
      {adjusting === null ? null : <AdjustDialog account={adjusting} onClose={() => setAdjusting(null)} />}
    </Section>
  );
}

function SearchForm({ onSearch }: { onSearch: (text: string) => void }) {
  const [text, setText] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim());
  };
  return (
    <search className="max-sm:w-full">
      <form className="flex gap-2" onSubmit={submit}>
        <Input
          type="search"
          aria-label="Name, id, or a member’s address"
          placeholder="Name, id, or a member’s address"
          className="h-8 sm:w-64"
          maxLength={120}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" size="sm">
          Search
        </Button>
      </form>
    </search>
  );
}

function Row({ account, onAdjust }: { account: Account; onAdjust: () => void }) {
  const status = account.deleted ? 'deleted' : account.planStatus === 'past_due' ? 'payment failed' : null;
  return (
    <tr>
      <Cell>
        <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <span className="font-medium break-all">{account.name}</span>
          {account.kind === 'team' ? <Badge>team</Badge> : null}
          {status === null ? null : <Badge tone="danger">{status}</Badge>}
        </span>
        <span className="block text-[0.75rem] text-muted-foreground">
          <span className="break-all">{account.owner ?? 'no owner'}</span> ·{' '}
          {plural(account.members, 'person', 'people')} · {plural(account.projects, 'project')} · since{' '}
          {formatDate(account.createdAt)}
        </span>
        <dl className="mt-1 grid max-w-56 grid-cols-[1fr_auto] gap-x-4 text-[0.75rem] sm:hidden">
          <dt className="text-muted-foreground">Plan</dt>
          <dd className="text-right">{account.planId ?? 'none'}</dd>
          <dt className="text-muted-foreground">Monthly</dt>
          <dd className="num">
            <Credits micro={account.monthly} />
          </dd>
          <dt className="text-muted-foreground">Bonus</dt>
          <dd className="num">
            <Credits micro={account.bonus} />
          </dd>
          <dt className="text-muted-foreground">Held, owed</dt>
          <dd className="num">
            <Credits micro={account.held} />, <Credits micro={account.owed} />
          </dd>
        </dl>
      </Cell>
      <Cell wide>
        {account.planId ?? 'none'}
        <span className="block text-[0.75rem] whitespace-nowrap text-muted-foreground">
          {account.periodEnd === null ? '' : `until ${formatDate(account.periodEnd)}`}
        </span>
      </Cell>
      {[account.monthly, account.bonus, account.held, account.owed].map((micro, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: four fixed columns
        <Cell key={index} numeric wide>
          <Credits micro={micro} className={micro === 0n ? 'text-muted-foreground' : ''} />
        </Cell>
      ))}
      <Cell>
        <div className="flex items-center gap-1">
          <Button size="sm" aria-label={`Adjust ${account.name}`} onClick={onAdjust}>
            Adjust
          </Button>
          <CopyButton text={account.id} label={`Copy the id of ${account.name}`} />
        </div>
      </Cell>
    </tr>
  );
}
