'use client';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { cn } from '@/components/ui/cn';

const TABS = [
  { path: '/operator', label: 'Health' },
  { path: '/operator/organizations', label: 'Organizations' },
  { path: '/operator/models', label: 'Models' },
  { path: '/operator/offers', label: 'Plans' },
] as const;

export function OperatorTabs() {
  const pathname = usePathname();
  return (
    <nav
      aria-label="Operator"
      className="-mx-4 overflow-x-auto border-b border-border px-4 [scrollbar-width:none] sm:mx-0 sm:px-0"
    >
      <ul className="flex gap-1">
        {TABS.map(({ path, label }) => {
          const isCurrent = pathname === path;
          return (
            <li key={path}>
              <Link
                href={path}
                aria-current={isCurrent ? 'page' : undefined}
                className={cn(
                  'relative flex h-9 items-center whitespace-nowrap px-2.5 text-[0.8125rem] outline-offset-[-2px]',
                  isCurrent
                    ? 'font-medium text-foreground after:absolute after:inset-x-2 after:bottom-0 after:h-0.5 after:bg-chalk'
                    : 'text-muted-foreground hover:text-foreground',
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
