'use client';
import { useQuery } from '@tanstack/react-query';
import { Check, ChevronsUpDown, Plus } from 'lucide-react';
import Link from 'next/link';
import { useParams } from 'next/navigation';
import { useSyncExternalStore } from 'react';
import { projectStatusLabel } from '@/components/projects/status-labels';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '@/components/ui/dropdown-menu';

const never = () => () => undefined;

/** Goes from one project to another without passing by the list. */
export function ProjectSwitcher() {
  const { projectId } = useParams<{ projectId?: string }>();
  // The page below brings its project with it, and would come too late for a query that the header has begun before.
  const isDrawn = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  if (projectId === undefined) return <Switcher title="Projects" />;
  return isDrawn ? <NamedSwitcher projectId={projectId} /> : <Switcher title="Project" projectId={projectId} />;
}

function NamedSwitcher({ projectId }: { projectId: string }) {
  const { data } = useQuery(useTRPC().projects.get.queryOptions({ projectId }));
  return <Switcher title={data?.project.title ?? 'Project'} projectId={projectId} />;
}

function Switcher({ title, projectId }: { title: string; projectId?: string }) {
  const { data } = useQuery(useTRPC().projects.list.queryOptions({}));
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="sm"
          className="min-w-0 max-w-64 shrink font-medium"
          aria-label={`Switch project, now: ${title}`}
        >
          <span className="truncate">{title}</span>
          <ChevronsUpDown aria-hidden="true" className="text-muted-foreground" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="w-72">
        <DropdownMenuLabel>Recent projects</DropdownMenuLabel>
        {data?.projects.slice(0, 10).map((project) => (
          <DropdownMenuItem key={project.id} asChild>
            <Link href={`/projects/${project.id}`}>
              <span className="min-w-0 flex-1 truncate">{project.title}</span>
              <span className="text-[0.75rem] text-muted-foreground">
                {projectStatusLabel(project.status, project.waitsFor).label}
              </span>
              {project.id === projectId ? <Check aria-label="current" /> : null}
            </Link>
          </DropdownMenuItem>
        ))}
        {data?.projects.length === 0 ? <DropdownMenuLabel>None yet</DropdownMenuLabel> : null}
        <DropdownMenuSeparator />
        <DropdownMenuItem asChild>
          <Link href="/projects">All projects</Link>
        </DropdownMenuItem>
        <DropdownMenuItem asChild>
          <Link href="/projects/new">
            <Plus aria-hidden="true" /> New project
          </Link>
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
