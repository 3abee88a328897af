'use client';
import { ArrowDown, ArrowUp, Plus, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import { Button } from '@/components/ui/button';
import { Card } from '@/components/ui/card';
import { Input, Label, Select, Textarea } from '@/components/ui/field';
import { type Plan, type PlannedTask, TASK_SIZES } from '@/server/agents/schema';
import {
  addCriterion,
  filesToText,
  moveCriterion,
  moveTask,
  removeCriterion,
  removeTask,
  textToFiles,
  updateCriterion,
  updateTask,
} from './plan-edits';

/** Up, down and remove, each named for the thing it acts on. */
function MoveButtons({
  name,
  first,
  last,
  only,
  onMove,
  onRemove,
}: {
  name: string;
  first: boolean;
  last: boolean;
  only: boolean;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}) {
  return (
    <div className="flex shrink-0">
      <Button variant="ghost" size="icon" aria-label={`Move ${name} up`} disabled={first} onClick={() => onMove(-1)}>
        <ArrowUp aria-hidden="true" />
      </Button>
      <Button variant="ghost" size="icon" aria-label={`Move ${name} down`} disabled={last} onClick={() => onMove(1)}>
        <ArrowDown aria-hidden="true" />
      </Button>
      <Button variant="ghost" size="icon" aria-label={`Remove ${name}`} disabled={only} onClick={onRemove}>
        <Trash2 aria-hidden="true" />
      </Button>
    </div>
  );
}

/** One task of the plan being edited. */
export function TaskEditor({
  plan,
  task,
  index,
  onChange,
}: {
  plan: Plan;
  task: PlannedTask;
  index: number;
  onChange: (plan: Plan) => void;
}) {
  const id = useId();
  // Kept as typed: turning it into paths and back would eat the new line just begun.
  const [files, setFiles] = useState(() => filesToText(task.files));
  return (
    <Card className="space-y-3 p-3">
      <div className="flex items-center gap-2">
        <span className="font-mono text-[0.8125rem] text-muted-foreground">{task.id}</span>
        <div className="ml-auto">
          <MoveButtons
            name={`task ${task.id}`}
            first={index === 0}
            last={index === plan.tasks.length - 1}
            only={plan.tasks.length === 1}
            onMove={(by) => onChange(moveTask(plan, task.id, by))}
            onRemove={() => onChange(removeTask(plan, task.id))}
          />
        </div>
      </div>
      <div className="grid grid-cols-[1fr_5.5rem] gap-2">
        <div>
          <Label htmlFor={`${id}-title`}>Title</Label>
          <Input
            id={`${id}-title`}
            value={task.title}
            maxLength={200}
            onChange={(event) => onChange(updateTask(plan, task.id, { title: event.target.value }))}
          />
        </div>
        <div>
          <Label htmlFor={`${id}-size`}>Size</Label>
          <Select
            id={`${id}-size`}
            value={task.size}
            onChange={(event) => {
              const size = TASK_SIZES.find((known) => known === event.target.value);
              if (size !== undefined) onChange(updateTask(plan, task.id, { size }));
            }}
          >
            {TASK_SIZES.map((size) => (
              <option key={size}>{size}</option>
            ))}
          </Select>
        </div>
      </div>
      <div>
        <Label htmlFor={`${id}-why`}>Why</Label>
        <Textarea
          id={`${id}-why`}
          className="min-h-14"
          value={task.why}
          maxLength={2000}
          onChange={(event) => onChange(updateTask(plan, task.id, { why: event.target.value }))}
        />
      </div>
      <fieldset className="space-y-1.5">
        <legend className="text-[0.8125rem] font-medium">Acceptance criteria</legend>
        {task.criteria.map((criterion, place) => (
          <div key={criterion.id} className="flex flex-wrap items-start gap-1 sm:flex-nowrap">
            <span className="w-12 pt-2 font-mono text-[0.75rem] text-muted-foreground">{criterion.id}</span>
            <Textarea
              aria-label={`Criterion ${criterion.id}`}
              className="min-h-9 min-w-0 flex-1 basis-56 py-1.5"
              rows={Math.max(1, Math.ceil(criterion.text.length / 70))}
              value={criterion.text}
              maxLength={1000}
              onChange={(event) => onChange(updateCriterion(plan, task.id, criterion.id, event.target.value))}
            />
            <MoveButtons
              name={`criterion ${criterion.id}`}
              first={place === 0}
              last={place === task.criteria.length - 1}
              only={task.criteria.length === 1}
              onMove={(by) => onChange(moveCriterion(plan, task.id, criterion.id, by))}
              onRemove={() => onChange(removeCriterion(plan, task.id, criterion.id))}
            />
          </div>
        ))}
        <Button size="sm" variant="ghost" onClick={() => onChange(addCriterion(plan, task.id))}>
          <Plus aria-hidden="true" /> Add criterion
        </Button>
      </fieldset>
      <div>
        <Label htmlFor={`${id}-files`}>Files</Label>
        <Textarea
          id={`${id}-files`}
          className="min-h-14 font-mono text-[0.75rem]"
          placeholder="create src/index.ts"
          value={files}
          onChange={(event) => {
            setFiles(event.target.value);
            onChange(updateTask(plan, task.id, { files: textToFiles(event.target.value) }));
          }}
        />
      </div>
    </Card>
  );
}
