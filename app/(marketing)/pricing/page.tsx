import type { Metadata } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { ModelTable, PackageTable } from '@/components/billing/credit-value';
import { PlanCards, type Viewer } from '@/components/billing/plan-cards';
import { Button } from '@/components/ui/button';
import { api, currentCaller } from '@/server/api/caller';
import { formatCredits } from '@/server/credits/schema';
import { questions } from './questions';

export const metadata: Metadata = {
  title: 'Pricing',
  description: 'Plans, packages, and what one credit buys. Rejected attempts, failed and empty calls cost nothing.',
};

/** Whose plan to point out; nobody's where nobody is signed in. */
async function viewerOf(client: Awaited<ReturnType<typeof api>>): Promise<Viewer | null> {
  if ((await currentCaller()) === null) return null;
  const [{ plan, canChange }, { organization }] = await Promise.all([client.billing.overview(), client.account.me()]);
  return { planId: plan.id, canChange, isTeam: organization.kind === 'team' };
}

export default async function PricingPage() {
  const client = await api();
  const [pricing, viewer] = await Promise.all([client.catalogue.pricing(), viewerOf(client)]);
  const { tariff } = pricing;
  return (
    <main id="content">
      <section className="graph-paper border-b border-border">
        <div className="mx-auto max-w-6xl px-4 py-14 sm:px-6">
          <p className="lettering text-muted-foreground">Price list</p>
          <h1 className="mt-2 text-4xl font-semibold tracking-[-0.03em]">Quoted first. Charged when approved.</h1>
          <p className="mt-4 max-w-2xl text-base leading-relaxed text-muted-foreground">
            Work is paid in credits. Every task has a quote before it is built, and every credit on the receipt names
            the call it paid for.
          </p>
        </div>
      </section>
      <Part title="Plans" id="plans">
        <PlanCards pricing={pricing} viewer={viewer} />
        <p className="mt-3 text-[0.8125rem] text-muted-foreground">
          Limits count for each kind of work (questions, plan, implementation, review, documentation) and for the whole
          organization.
        </p>
      </Part>
      <Part title="More credits" id="packages" text="Bought once, used when needed. They do not expire with the month.">
        <PackageTable packages={pricing.packages} />
        {viewer?.canChange === true ? (
          <Button className="mt-3" asChild>
            <Link href="/credits" prefetch={false}>
              Buy credits
            </Link>
          </Button>
        ) : null}
      </Part>
      <Part title="What a credit buys" id="value">
        <div className="grid gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
          <div className="space-y-3">
            <p className="rounded-lg border border-border bg-card px-4 py-3 font-mono text-[0.8125rem] leading-relaxed">
              credits = true cost ÷ {tariff.creditValueUsd} USD × {tariff.markup}
            </p>
            <p className="text-muted-foreground">
              The true cost is what the model’s provider bills for the tokens of a call. One dollar of it is charged as{' '}
              {formatCredits(tariff.dollarMicro)} credits, rounded up to the millionth of a credit.
            </p>
            <p className="text-muted-foreground">
              The table says how many tokens one credit pays for, read or written. Which models answer here depends on
              the provider keys of this instance and on your own.
            </p>
          </div>
          <ModelTable pricing={pricing} />
        </div>
      </Part>
      <Part title="What costs nothing" id="free">
        <ul className="grid gap-x-8 gap-y-2 sm:grid-cols-2">
          {freeOfCharge(tariff.rejectedAttemptsFree).map((what) => (
            <li key={what} className="border-t border-border pt-2">
              {what}
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Questions" id="questions">
        <dl className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
          {questions(tariff).map(({ question, answer }) => (
            <div key={question}>
              <dt className="font-semibold">{question}</dt>
              <dd className="mt-1 text-muted-foreground">{answer}</dd>
            </div>
          ))}
        </dl>
      </Part>
    </main>
  );
}

function freeOfCharge(rejectedAttemptsFree: boolean): string[] {
  const rejected = rejectedAttemptsFree
    ? [
        'Attempts that the reviewer or a check rejected',
        'Answers that were empty or broke off: the attempt is repeated at our cost',
      ]
    : [];
  return [
    ...rejected,
    'Calls that fail: what was set aside for them comes back',
    'Quotes, running the checks, browsing, snapshots and downloads',
  ];
}

function Part({ title, id, text, children }: { title: string; id: string; text?: string; children: ReactNode }) {
  return (
    <section aria-labelledby={`${id}-title`} className="mx-auto max-w-6xl px-4 pt-12 last:pb-16 sm:px-6">
      <h2 id={`${id}-title`} className="text-2xl font-semibold tracking-tight">
        {title}
      </h2>
      {text === undefined ? null : <p className="mt-1 text-muted-foreground">{text}</p>}
      <div className="mt-5">{children}</div>
    </section>
  );
}
