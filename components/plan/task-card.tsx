'use client';
import { Check, ChevronRight, Circle, FileCode2, X } from 'lucide-react';
import { useState } from 'react';
import { TaskQuality } from '@/components/access/project-quality';
import { Credits, QuoteRange } from '@/components/credits/credits';
import { StatusBadge } from '@/components/projects/status-badge';
import { taskStatusLabel } from '@/components/projects/status-labels';
import type { TaskView } from '@/components/trpc/types';
import { Badge } from '@/components/ui/badge';

function CriterionRow({ criterion }: { criterion: TaskView['criteria'][number] }) {
  const met = criterion.met ?? null;
  return (
    <li className="flex gap-2 text-[0.8125rem]">
      {met === true ? <Check role="img" aria-label="met" className="mt-0.5 size-3.5 shrink-0 text-success" /> : null}
      {met === false ? <X role="img" aria-label="not met" className="mt-0.5 size-3.5 shrink-0 text-danger" /> : null}
      {met === null ? (
        <Circle role="img" aria-label="not checked yet" className="mt-0.5 size-3.5 shrink-0 text-muted-foreground" />
      ) : null}
      <span className="w-10 shrink-0 font-mono text-[0.75rem] leading-5 text-muted-foreground">{criterion.id}</span>
      <span className="min-w-0">
        {criterion.text}
        {criterion.check === undefined || criterion.check === '' ? null : (
          <code className="mt-0.5 block font-mono text-[0.75rem] break-words text-muted-foreground">
            {criterion.check}
          </code>
        )}
        {criterion.evidence === undefined || criterion.evidence === '' ? null : (
          <span className="mt-0.5 block text-muted-foreground">Evidence: {criterion.evidence}</span>
        )}
      </span>
    </li>
  );
}

/** One task of the plan: what it is for, how it will be judged, and its quote beside what it cost. */
export function TaskCard({ task, projectStatus, open }: { task: TaskView; projectStatus: string; open: boolean }) {
  const spent = task.chargedMicro > 0n || task.absorbedMicro > 0n;
  const [shown, setShown] = useState(open);
  const mayChange = task.status === 'pending' || task.status === 'rejected';
  return (
    <details
      open={open}
      onToggle={(event) => setShown(event.currentTarget.open)}
      className="group rounded-lg border border-border bg-card"
    >
      <summary className="flex flex-wrap items-center gap-x-2.5 gap-y-1 rounded-lg px-3 py-2.5 hover:bg-accent/60">
        <ChevronRight
          aria-hidden="true"
          className="size-3.5 shrink-0 text-muted-foreground transition-transform group-open:rotate-90"
        />
        <span className="font-mono text-[0.75rem] text-muted-foreground">{task.key}</span>
        <span className="min-w-0 flex-1 basis-40 font-medium">{task.title}</span>
        <span className="flex items-center gap-2 max-sm:w-full max-sm:pl-6">
          {task.status === 'pending' ? null : <StatusBadge status={taskStatusLabel(task.status, projectStatus)} />}
          {task.quality === null ? null : (
            <Badge tone="chalk" title="Quality of its own">
              {task.quality}
            </Badge>
          )}
          <Badge title="Size">{task.size}</Badge>
          <QuoteRange
            p50={task.quoteP50Micro}
            p90={task.quoteP90Micro}
            className="min-w-28 text-[0.8125rem] max-sm:ml-auto"
          />
        </span>
      </summary>
      <div className="space-y-3 border-t border-border px-3 py-3 sm:pl-9">
        {task.why === '' ? null : <p className="text-[0.8125rem] text-muted-foreground">{task.why}</p>}
        <ul aria-label={`Acceptance criteria of ${task.key}`} className="space-y-1.5">
          {task.criteria.map((criterion) => (
            <CriterionRow key={criterion.id} criterion={criterion} />
          ))}
        </ul>
        {task.files.length === 0 ? null : (
          <ul aria-label={`Files of ${task.key}`} className="flex flex-wrap gap-1.5">
            {task.files.map((file) => (
              <li
                key={`${file.action}:${file.path}`}
                className="inline-flex max-w-full items-center gap-1 rounded-sm border border-border bg-muted px-1.5 py-0.5 font-mono text-[0.6875rem]"
              >
                <FileCode2 aria-hidden="true" className="size-3 shrink-0 text-muted-foreground" />
                <span className="text-muted-foreground">{file.action}</span>{' '}
                <span className="truncate">{file.path}</span>
              </li>
            ))}
          </ul>
        )}
        {task.dependsOn.length === 0 ? null : (
          <p className="text-[0.75rem] text-muted-foreground">After {task.dependsOn.join(', ')}</p>
        )}
        {mayChange && shown ? <TaskQuality task={task} /> : null}
        {spent ? (
          <p className="flex flex-wrap gap-x-4 text-[0.8125rem]">
            <span>
              Charged <Credits micro={task.chargedMicro} unit className="font-medium" />
            </span>
            {task.absorbedMicro > 0n ? (
              <span className="text-muted-foreground">
                Absorbed rework <Credits micro={task.absorbedMicro} unit />
              </span>
            ) : null}
            <span className="text-muted-foreground">
              {task.attempts} {task.attempts === 1 ? 'attempt' : 'attempts'}
            </span>
          </p>
        ) : null}
      </div>
    </details>
  );
}
