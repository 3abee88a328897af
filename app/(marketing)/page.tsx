import Link from 'next/link';
import { PlumbMark } from '@/components/brand/plumb-mark';
import { SampleReceipt } from '@/components/brand/sample-receipt';
import { Button } from '@/components/ui/button';

const STEPS = [
  {
    title: 'Describe it',
    text: 'A few sentences are enough. An architect model asks only what leaves a real choice open; you may skip every question.',
  },
  {
    title: 'Approve the plan',
    text: 'A spec and one to fifteen tasks, each with files, acceptance criteria you can test, and a quote. Edit, reorder, set a budget, approve.',
  },
  {
    title: 'Watch it being built',
    text: 'One task at a time: implement, run the checks in a sandbox, review. Stop, pause, send a note, close the tab and come back.',
  },
  {
    title: 'Take it with you',
    text: 'Browse every snapshot, compare any two, roll back, and download a ZIP whose manifest says which checks passed on exactly these bytes.',
  },
] as const;

const GUARANTEES = [
  {
    title: 'Quoted first',
    text: 'Nothing is spent before a quote was shown: designing has one, and each task of the plan carries a likely and an upper figure from this instance’s own history.',
  },
  {
    title: 'Pay for approved work',
    text: 'Rejected attempts, empty, truncated and failed calls cost you nothing. What we absorbed stands on the receipt.',
  },
  {
    title: 'Evidence or no approval',
    text: 'A task is approved only with recorded results of checks that really ran on exactly that snapshot.',
  },
  {
    title: 'No runaway',
    text: 'Attempts are bounded, the same finding twice ends the loop, and your budget holds in the middle of a call.',
  },
  {
    title: 'Nothing lost',
    text: 'A crash, a closed tab or a dropped connection loses no finished step and charges nothing twice.',
  },
  {
    title: 'No silent truncation',
    text: 'A write that drops exports, shrinks a file or says “rest of the code” is refused and retried free.',
  },
] as const;

export default function HomePage() {
  return (
    <main id="content">
      <section className="graph-paper relative overflow-hidden border-b border-border">
        <div className="mx-auto grid max-w-6xl gap-10 px-4 pt-16 pb-20 sm:px-6 sm:pt-24 lg:grid-cols-[minmax(0,7fr)_minmax(0,3fr)]">
          <div>
            <p className="lettering text-muted-foreground">Software, built true</p>
            <h1 className="mt-4 text-4xl leading-[1.08] font-semibold tracking-[-0.03em] sm:text-6xl">
              Describe it.
              <br />
              Approve the plan.
              <br />
              Pay for verified work.
            </h1>
            <p className="mt-6 max-w-xl text-base leading-relaxed text-muted-foreground">
              Plumbline turns a description into a working project: a plan with a quote, code written task by task,
              checks that really run, and a reviewer that must show its evidence. Every credit is explained.
            </p>
            <div className="mt-8 flex flex-wrap gap-3">
              <Button variant="primary" size="lg" asChild>
                <Link href="/projects/new" prefetch={false}>
                  Start a project
                </Link>
              </Button>
              <Button size="lg" asChild>
                <a href="#how">See how it works</a>
              </Button>
            </div>
            <p className="mt-4 text-[0.8125rem] text-muted-foreground">
              Runs on your own machine too: one command, no key needed to try the six examples.{' '}
              <Link href="/pricing" prefetch={false} className="text-chalk underline underline-offset-2">
                What it costs
              </Link>
            </p>
          </div>
          <Plumb />
        </div>
      </section>

      <section id="how" aria-labelledby="how-title" className="mx-auto max-w-6xl px-4 py-16 sm:px-6">
        <p className="lettering text-muted-foreground">Sheet 1</p>
        <h2 id="how-title" className="mt-1 text-2xl font-semibold tracking-tight">
          How it works
        </h2>
        <ol className="mt-8 grid gap-x-8 gap-y-8 sm:grid-cols-2 lg:grid-cols-4">
          {STEPS.map((step, index) => (
            <li key={step.title} className="border-t border-foreground/70 pt-4">
              <span className="font-mono text-[0.8125rem] text-brass">{String(index + 1).padStart(2, '0')}</span>
              <h3 className="mt-2 text-base font-semibold">{step.title}</h3>
              <p className="mt-1.5 text-muted-foreground">{step.text}</p>
            </li>
          ))}
        </ol>
      </section>

      <section id="guarantees" aria-labelledby="guarantees-title" className="border-y border-border bg-card">
        <div className="mx-auto max-w-6xl px-4 py-16 sm:px-6">
          <p className="lettering text-muted-foreground">Sheet 2</p>
          <h2 id="guarantees-title" className="mt-1 text-2xl font-semibold tracking-tight">
            Six guarantees
          </h2>
          <p className="mt-2 max-w-xl text-muted-foreground">
            Each is enforced by code, not by a prompt, and each has a test that can fail.
          </p>
          <ul className="mt-8 grid overflow-hidden rounded-lg border border-border sm:grid-cols-2 lg:grid-cols-3">
            {GUARANTEES.map((guarantee) => (
              <li key={guarantee.title} className="-mr-px -mb-px border-r border-b border-border p-5">
                <PlumbMark className="h-6 w-3.5 text-muted-foreground" />
                <h3 className="mt-3 font-semibold">{guarantee.title}</h3>
                <p className="mt-1 text-muted-foreground">{guarantee.text}</p>
              </li>
            ))}
          </ul>
        </div>
      </section>

      <section
        id="receipt"
        aria-labelledby="receipt-title"
        className="mx-auto grid max-w-6xl gap-8 px-4 py-16 sm:px-6 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)] lg:items-center"
      >
        <div>
          <p className="lettering text-muted-foreground">Sheet 3</p>
          <h2 id="receipt-title" className="mt-1 text-2xl font-semibold tracking-tight">
            A receipt you can follow
          </h2>
          <p className="mt-3 text-muted-foreground">
            Each line leads from the ledger to the model call, its role, the task and the difference it made to the
            files. The first attempt at T2 was rejected by a failing test: it was absorbed, and you can read why.
          </p>
          <p className="mt-3 text-muted-foreground">
            Files, history, chat and ledger are yours to export or delete at any time.
          </p>
        </div>
        <SampleReceipt />
      </section>

      <section aria-labelledby="start-title" className="graph-paper border-t border-border">
        <div className="mx-auto flex max-w-6xl flex-wrap items-center justify-between gap-6 px-4 py-14 sm:px-6">
          <h2 id="start-title" className="text-2xl font-semibold tracking-tight">
            See the quote before you decide.
          </h2>
          <Button variant="primary" size="lg" asChild>
            <Link href="/projects/new" prefetch={false}>
              Start a project
            </Link>
          </Button>
        </div>
      </section>
    </main>
  );
}

/** The plumb line of the hero: a drawing with its dimensions, not an ornament with a meaning. */
function Plumb() {
  return (
    <svg
      viewBox="0 0 260 420"
      fill="none"
      aria-hidden="true"
      className="mx-auto hidden h-[26rem] text-foreground lg:block"
    >
      <path d="M70 14h120" stroke="currentColor" strokeWidth="3" strokeLinecap="round" />
      <path
        d="M78 14l-9 10M98 14l-9 10M118 14l-9 10M138 14l-9 10M158 14l-9 10M178 14l-9 10"
        stroke="currentColor"
        strokeWidth="1"
        opacity=".5"
        transform="translate(0 -11)"
      />
      <path d="M130 14v400" stroke="var(--chalk)" strokeWidth="1" strokeDasharray="10 4 2 4" opacity=".7" />
      <g className="motion-safe:animate-plumb [transform-box:fill-box]">
        <path d="M130 14v236" stroke="currentColor" strokeWidth="1.5" />
        <path d="M121 250h18l3 12h-24z" fill="var(--card)" stroke="currentColor" strokeWidth="1.5" />
        <path
          d="M118 262h24l14 26-26 92-26-92z"
          fill="var(--brass-mark)"
          stroke="currentColor"
          strokeWidth="1.5"
          strokeLinejoin="round"
        />
        <path d="M104 288h52" stroke="currentColor" strokeWidth="1.5" />
        <path d="M122 266l-10 22 14 66" stroke="var(--card)" strokeWidth="2" opacity=".55" />
      </g>
      <g stroke="currentColor" strokeWidth="1" opacity=".55">
        <path d="M196 14v366M190 14h12M190 380h12M190 262h12" />
        <path d="M60 288h38M60 262h50M64 258v34" />
      </g>
      <g fill="currentColor" fontFamily="ui-monospace, monospace" fontSize="10" opacity=".8">
        <text x="206" y="142">
          quote
        </text>
        <text x="206" y="326">
          check
        </text>
        <text x="22" y="279">
          0.00°
        </text>
      </g>
    </svg>
  );
}
