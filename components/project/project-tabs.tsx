'use client';
import { Files, ListChecks, MessageSquare, Search, Settings, Waypoints } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { cn } from '@/components/ui/cn';

const TABS = [
  { path: '', label: 'Overview', phone: 'Chat', icon: MessageSquare },
  { path: '/plan', label: 'Plan', phone: 'Plan', icon: ListChecks },
  { path: '/run', label: 'Run', phone: 'Run', icon: Waypoints },
  { path: '/files', label: 'Files', phone: 'Files', icon: Files },
  { path: '/search', label: 'Search', phone: 'Search', icon: Search },
  { path: '/settings', label: 'Settings', phone: 'Settings', icon: Settings },
] as const;

/** The project's screens, each with its own address: a bar below on a phone, tabs above on a desk. */
export function ProjectTabs({ projectId }: { projectId: string }) {
  const pathname = usePathname();
  const base = `/projects/${projectId}`;
  return (
    <nav
      aria-label="Project"
      className="flex max-sm:fixed max-sm:inset-x-0 max-sm:bottom-0 max-sm:z-30 max-sm:border-t max-sm:border-border max-sm:bg-background max-sm:pb-[env(safe-area-inset-bottom)] sm:gap-1 sm:border-b sm:border-border sm:px-4"
    >
      {TABS.map(({ path, label, phone, icon: Icon }) => {
        const isCurrent = pathname === `${base}${path}`;
        return (
          <Link
            key={path}
            href={`${base}${path}`}
            aria-current={isCurrent ? 'page' : undefined}
            className={cn(
              'relative flex items-center gap-1.5 text-[0.8125rem] outline-offset-[-2px] max-sm:h-14 max-sm:flex-1 max-sm:flex-col max-sm:justify-center max-sm:gap-0.5 max-sm:text-[0.6875rem] sm:h-9 sm:px-2.5',
              isCurrent
                ? 'font-medium text-foreground after:absolute after:inset-x-2 after:h-0.5 after:bg-chalk max-sm:after:top-0 sm:after:-bottom-px'
                : 'text-muted-foreground hover:text-foreground',
            )}
          >
            <Icon aria-hidden="true" className="size-4 sm:size-3.5" />
            <span className="xl:hidden">{phone}</span>
            <span className="hidden xl:inline">{label}</span>
          </Link>
        );
      })}
    </nav>
  );
}
