'use client';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { cn } from '@/components/ui/cn';

const PAGES = [
  ['organization', 'Organization'],
  ['members', 'Members'],
  ['billing', 'Plan and billing'],
  ['keys', 'Provider keys'],
  ['account', 'Account'],
] as const;

export function SettingsNav() {
  const pathname = usePathname();
  return (
    <nav aria-label="Settings" className="md:w-44 md:shrink-0">
      <ul className="flex flex-wrap gap-1 border-b border-border pb-2 md:flex-col md:border-0 md:pb-0">
        {PAGES.map(([page, label]) => {
          const href = `/settings/${page}`;
          const isCurrent = pathname === href;
          return (
            <li key={page}>
              <Link
                href={href}
                aria-current={isCurrent ? 'page' : undefined}
                className={cn(
                  'flex h-8 items-center whitespace-nowrap rounded-md px-2.5 text-[0.8125rem] hover:bg-accent',
                  isCurrent ? 'bg-accent font-medium' : 'text-muted-foreground',
                )}
              >
                {label}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
