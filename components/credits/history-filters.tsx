'use client';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { Input, Label, Select } from '@/components/ui/field';
import { ENTRY_KINDS, type HistoryFilter, REPORT_DAYS } from '@/server/credits/schema';
import { ENTRY_KIND_NAME } from './entry-kinds';
import { type FilterName, isFiltered } from './history-filter';

interface Option {
  value: string;
  label: string;
}

/** The chosen value stays in the list even when it is older than what the list was made of. */
function withChosen(options: Option[], chosen: string | undefined): Option[] {
  if (chosen === undefined || options.some(({ value }) => value === chosen)) return options;
  return [...options, { value: chosen, label: chosen }];
}

/** Projects and models that credits went into lately; the report on the page asks for the same, so it costs one request. */
function useOptions(filter: HistoryFilter) {
  const trpc = useTRPC();
  const report = useQuery(trpc.credits.report.queryOptions({ days: REPORT_DAYS }));
  const recent = useQuery(trpc.projects.list.queryOptions({}));
  const projects = new Map<string, string>();
  for (const { projectId, title } of report.data?.projects ?? [])
    if (projectId !== null) projects.set(projectId, title);
  for (const { id, title } of recent.data?.projects ?? []) projects.set(id, title);
  const models = new Map((report.data?.models ?? []).map(({ modelRef, label }) => [modelRef, label]));
  const listed = (known: Map<string, string>) => [...known].map(([value, label]) => ({ value, label }));
  return {
    projects: withChosen(listed(projects), filter.projectId),
    models: withChosen(listed(models), filter.model),
  };
}

function Choice({
  label,
  all,
  options,
  value,
  onChange,
  className,
}: {
  label: string;
  all: string;
  options: readonly Option[];
  value: string | undefined;
  onChange: (value: string) => void;
  className?: string;
}) {
  const id = useId();
  return (
    <div className={cn('min-w-0 sm:min-w-32 sm:flex-1', className)}>
      <Label htmlFor={id}>{label}</Label>
      <Select id={id} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </Select>
    </div>
  );
}

/** Earlier is nobody's credits: it is a year that is still being typed (0002 on the way to 2026). */
const FIRST_DAY = '2000-01-01';

/** A day that is typed part by part: it counts once its year is one; an emptied one, when the field is left. */
function Day({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const id = useId();
  // While it is typed in, the field is not set from the address, which follows a moment later.
  const [draft, setDraft] = useState<string | null>(null);
  const leave = () => {
    if (draft === '' && value !== '') onChange('');
    setDraft(null);
  };
  return (
    <div className="min-w-0 sm:w-36">
      <Label htmlFor={id}>{label}</Label>
      <Input
        id={id}
        type="date"
        min={FIRST_DAY}
        max="9999-12-31"
        value={draft ?? value}
        onChange={({ target }) => {
          setDraft(target.value);
          if (target.value >= FIRST_DAY) onChange(target.value);
        }}
        onBlur={leave}
        onKeyDown={({ key }) => (key === 'Enter' ? leave() : undefined)}
      />
    </div>
  );
}

/** Kind, project, model and days (UTC) of the history. */
export function HistoryFilters({
  filter,
  onChange,
}: {
  filter: HistoryFilter;
  onChange: (filter: HistoryFilter) => void;
}) {
  const { projects, models } = useOptions(filter);
  const set = (name: FilterName, value: string) => onChange({ ...filter, [name]: value === '' ? undefined : value });
  const kinds = ENTRY_KINDS.map((kind) => ({ value: kind, label: ENTRY_KIND_NAME[kind] }));
  return (
    <fieldset className="grid grid-cols-2 items-end gap-2 sm:flex sm:flex-wrap">
      <legend className="sr-only">Filter the history</legend>
      <Choice label="Kind" all="every kind" options={kinds} value={filter.kind} onChange={(to) => set('kind', to)} />
      <Choice
        label="Project"
        all="every project"
        options={projects}
        value={filter.projectId}
        onChange={(to) => set('projectId', to)}
      />
      <Choice
        label="Model"
        all="every model"
        options={models}
        value={filter.model}
        className="max-sm:col-span-2"
        onChange={(to) => set('model', to)}
      />
      {(['from', 'to'] as const).map((name) => (
        <Day
          key={name}
          label={name === 'from' ? 'From' : 'To'}
          value={filter[name] ?? ''}
          onChange={(to) => set(name, to)}
        />
      ))}
      {isFiltered(filter) ? (
        <Button variant="ghost" onClick={() => onChange({})}>
          Clear
        </Button>
      ) : null}
    </fieldset>
  );
}
