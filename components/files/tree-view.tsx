'use client';
import { ChevronRight, FileCode2 } from 'lucide-react';
import { cn } from '@/components/ui/cn';
import { formatBytes } from '@/components/ui/format';
import type { TreeNode } from './file-tree';

/** Folders open and close by themselves; a file is a button that shows it. */
export function TreeView({
  nodes,
  selected,
  onSelect,
}: {
  nodes: readonly TreeNode[];
  selected: string | null;
  onSelect: (path: string) => void;
}) {
  return (
    <ul className="space-y-px">
      {nodes.map((node) =>
        node.kind === 'folder' ? (
          <li key={node.path}>
            <details open className="group/folder">
              <summary className="flex min-h-7 items-center gap-1.5 rounded-sm px-1.5 text-[0.8125rem] hover:bg-accent">
                <ChevronRight
                  aria-hidden="true"
                  className="size-3.5 text-muted-foreground transition-transform [details[open]>summary>&]:rotate-90"
                />
                {node.name}
              </summary>
              <div className="ml-[0.8125rem] border-l border-border pl-1.5">
                <TreeView nodes={node.children} selected={selected} onSelect={onSelect} />
              </div>
            </details>
          </li>
        ) : (
          <li key={node.path}>
            <button
              type="button"
              aria-current={selected === node.path ? 'true' : undefined}
              aria-label={`${node.path}, ${formatBytes(node.size)}`}
              onClick={() => onSelect(node.path)}
              className={cn(
                'flex min-h-7 w-full items-center gap-1.5 rounded-sm px-1.5 text-left text-[0.8125rem]',
                selected === node.path ? 'bg-accent font-medium' : 'hover:bg-accent/60',
              )}
            >
              <FileCode2 aria-hidden="true" className="size-3.5 shrink-0 text-muted-foreground" />
              <span className="min-w-0 flex-1 truncate">{node.name}</span>
              <span className="num text-[0.6875rem] text-muted-foreground">{formatBytes(node.size)}</span>
            </button>
          </li>
        ),
      )}
    </ul>
  );
}
