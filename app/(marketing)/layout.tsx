import Link from 'next/link';
import type { ReactNode } from 'react';
import { Wordmark } from '@/components/brand/plumb-mark';
import { ThemeToggle } from '@/components/shell/theme-toggle';
import { Button } from '@/components/ui/button';
import { currentCaller } from '@/server/api/caller';

const FOOTER = [
  { href: '/', name: 'Home' },
  { href: '/pricing', name: 'Pricing' },
  { href: '/projects', name: 'Workspace' },
];

export default async function MarketingLayout({ children }: { children: ReactNode }) {
  const signedIn = (await currentCaller()) !== null;
  return (
    <>
      <header className="sticky top-0 z-40 border-b border-border bg-background/95 backdrop-blur-sm">
        <div className="mx-auto flex h-14 max-w-6xl items-center gap-3 px-4 sm:px-6">
          <Link href="/" aria-label="Plumbline, home" className="rounded-sm">
            <Wordmark />
          </Link>
          <nav aria-label="Page" className="ml-6 hidden gap-5 text-[0.8125rem] text-muted-foreground md:flex">
            <a className="hover:text-foreground" href="/#how">
              How it works
            </a>
            <a className="hover:text-foreground" href="/#guarantees">
              Guarantees
            </a>
            <a className="hover:text-foreground" href="/#receipt">
              Receipt
            </a>
          </nav>
          <div className="ml-auto flex items-center gap-1.5">
            <Button variant="ghost" size="sm" asChild>
              <Link href="/pricing" prefetch={false}>
                Pricing
              </Link>
            </Button>
            <ThemeToggle />
            <Button variant="primary" size="sm" asChild>
              <Link href={signedIn ? '/projects' : '/sign-in'} prefetch={false}>
                {signedIn ? 'Open workspace' : 'Sign in'}
              </Link>
            </Button>
          </div>
        </div>
      </header>
      {children}
      <footer className="border-t border-border">
        <nav
          aria-label="Footer"
          className="mx-auto flex max-w-6xl flex-wrap gap-x-6 gap-y-1 border-b border-border px-4 py-3 text-[0.8125rem] text-muted-foreground sm:px-6"
        >
          {FOOTER.map(({ href, name }) => (
            <Link key={href} href={href} prefetch={false} className="py-1 hover:text-foreground">
              {name}
            </Link>
          ))}
        </nav>
        <div className="lettering mx-auto grid max-w-6xl grid-cols-2 text-muted-foreground sm:grid-cols-4">
          {[
            ['Drawing', 'Plumbline'],
            ['Scale', '1 : 1'],
            ['Unit', '1 credit'],
            ['Checked', 'by evidence'],
          ].map(([name, value]) => (
            <div key={name} className="border-border px-4 py-4 not-last:border-r sm:px-6">
              <span className="block text-[0.625rem]">{name}</span>
              <span className="text-foreground">{value}</span>
            </div>
          ))}
        </div>
      </footer>
    </>
  );
}
