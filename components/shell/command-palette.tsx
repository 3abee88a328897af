'use client';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { useParams, useRouter } from 'next/navigation';
import { useTheme } from 'next-themes';
import { useEffect, useId, useState } from 'react';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { Dialog, DialogContent } from '@/components/ui/dialog';
import { Input } from '@/components/ui/field';

interface Command {
  id: string;
  label: string;
  group: string;
  run: () => void;
}

/** Ctrl+K or ⌘K: go anywhere by typing. */
export function CommandPalette() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      setOpen((old) => !old);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <Button
        variant="ghost"
        size="icon"
        aria-label="Command palette"
        aria-keyshortcuts="Control+K Meta+K"
        className="max-sm:hidden"
        onClick={() => setOpen(true)}
      >
        <Search aria-hidden="true" />
      </Button>
      <DialogContent title="Go to" className="max-w-md">
        <Commands close={() => setOpen(false)} />
      </DialogContent>
    </Dialog>
  );
}

function Commands({ close }: { close: () => void }) {
  const trpc = useTRPC();
  const router = useRouter();
  const { projectId } = useParams<{ projectId?: string }>();
  const { resolvedTheme, setTheme } = useTheme();
  const { data } = useQuery(trpc.projects.list.queryOptions({}));
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();

  const go = (href: string) => () => router.push(href);
  const all: Command[] = [
    ...(projectId === undefined
      ? []
      : ['', 'plan', 'run', 'files', 'search', 'settings'].map((page) => ({
          id: `page-${page}`,
          label: page === '' ? 'Overview' : `${page.charAt(0).toUpperCase()}${page.slice(1)}`,
          group: 'This project',
          run: go(`/projects/${projectId}${page === '' ? '' : `/${page}`}`),
        }))),
    ...(data?.projects ?? []).map((project) => ({
      id: project.id,
      label: project.title,
      group: 'Projects',
      run: go(`/projects/${project.id}`),
    })),
    { id: 'new', label: 'New project', group: 'Workspace', run: go('/projects/new') },
    { id: 'projects', label: 'All projects', group: 'Workspace', run: go('/projects') },
    { id: 'credits', label: 'Credits', group: 'Workspace', run: go('/credits') },
    { id: 'organization', label: 'Organization settings', group: 'Settings', run: go('/settings/organization') },
    { id: 'members', label: 'Members', group: 'Settings', run: go('/settings/members') },
    { id: 'keys', label: 'Provider keys', group: 'Settings', run: go('/settings/keys') },
    { id: 'account', label: 'Account', group: 'Settings', run: go('/settings/account') },
    { id: 'billing', label: 'Plan and billing', group: 'Workspace', run: go('/settings/billing') },
    {
      id: 'theme',
      label: 'Switch between light and dark',
      group: 'Workspace',
      run: () => setTheme(resolvedTheme === 'dark' ? 'light' : 'dark'),
    },
  ];
  const shown = all.filter(({ label }) => label.toLowerCase().includes(text.trim().toLowerCase()));
  const current = Math.min(active, shown.length - 1);
  const choose = (command: Command | undefined) => {
    if (command === undefined) return;
    close();
    command.run();
  };
  return (
    <div className="space-y-2">
      <Input
        autoFocus
        role="combobox"
        aria-label="Type a page or a project"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={shown[current] === undefined ? undefined : `${listId}-${shown[current].id}`}
        placeholder="Type a page or a project"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setActive(Math.min(current + 1, shown.length - 1));
          else if (event.key === 'ArrowUp') setActive(Math.max(current - 1, 0));
          else if (event.key === 'Enter') choose(shown[current]);
          else return;
          event.preventDefault();
        }}
      />
      <div id={listId} role="listbox" aria-label="Places" className="max-h-80 overflow-y-auto">
        {shown.map((command, index) => (
          <button
            key={command.id}
            id={`${listId}-${command.id}`}
            type="button"
            role="option"
            aria-selected={index === current}
            tabIndex={-1}
            className={cn(
              'flex w-full items-center justify-between gap-3 rounded-sm px-2 py-1.5 text-left text-[0.8125rem]',
              index === current && 'bg-accent',
            )}
            onMouseMove={() => setActive(index)}
            onClick={() => choose(command)}
          >
            <span className="truncate">{command.label}</span>
            <span className="text-[0.75rem] text-muted-foreground">{command.group}</span>
          </button>
        ))}
      </div>
      {shown.length === 0 ? (
        <p className="p-2 text-[0.8125rem] text-muted-foreground">No project, page or command matches.</p>
      ) : null}
    </div>
  );
}
