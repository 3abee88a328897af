'use client';
import { Lock, TriangleAlert } from 'lucide-react';
import { useId } from 'react';
import { QuoteRange } from '@/components/credits/credits';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { Skeleton } from '@/components/ui/skeleton';
import type { Quality } from '@/server/models/schema';
import { useShowRefusal } from './access-denied';
import { type AccessAnswer, type AccessScope, type QualityAnswer, refusalOfLevel } from './access-refusal';
import { isLocked, offeredLevels } from './offered-levels';

function Level({
  level,
  answer,
  name,
  checked,
  disabled,
  scope,
  onChoose,
}: {
  level: QualityAnswer;
  answer: AccessAnswer;
  name: string;
  checked: boolean;
  disabled: boolean;
  scope: AccessScope;
  onChoose: () => void;
}) {
  const id = useId();
  const show = useShowRefusal();
  const locked = isLocked(level);
  const refusal = refusalOfLevel(level, answer);
  const Icon = locked ? Lock : TriangleAlert;
  return (
    <div
      className={cn(
        'flex min-w-0 flex-col gap-1 rounded-md border p-2.5 has-focus-visible:outline-2 has-focus-visible:outline-ring',
        checked ? 'border-chalk bg-chalk-soft' : 'border-border bg-card',
        locked && 'border-dashed bg-muted text-muted-foreground',
      )}
    >
      <div className="flex flex-wrap items-center justify-between gap-x-2 gap-y-1">
        <label
          htmlFor={id}
          className={cn('flex items-center gap-2 font-medium', locked ? 'cursor-not-allowed' : 'cursor-pointer')}
        >
          <input
            id={id}
            type="radio"
            name={name}
            value={level.quality}
            checked={checked}
            disabled={disabled || locked}
            aria-describedby={`${id}-note`}
            onChange={onChoose}
            className="size-3.5 accent-chalk outline-none"
          />
          {level.name}
        </label>
        {level.estimate === null ? null : (
          <QuoteRange p50={level.estimate.p50} p90={level.estimate.p90} className="text-[0.8125rem]" />
        )}
        {refusal === null ? null : (
          <Button
            size="sm"
            className="h-7"
            aria-label={locked ? `Unlock ${level.name}` : `${level.name}: how to get the credits`}
            onClick={() => show({ refusal, scope })}
          >
            {locked ? 'Unlock' : 'Ways to get it'}
          </Button>
        )}
      </div>
      <div id={`${id}-note`} className="space-y-1 text-[0.75rem] text-muted-foreground">
        {level.denial === null ? (
          <p>
            {level.modelLabel}
            {level.effort === null ? null : ` · thinks with ${level.effort} effort`}
          </p>
        ) : (
          <p className="flex gap-1.5">
            <Icon aria-hidden="true" className={cn('mt-0.5 size-3 shrink-0', !locked && 'text-warning')} />
            <span>{level.denial.message}</span>
          </p>
        )}
      </div>
    </div>
  );
}

/** The levels of quality with what the work would cost at each; what is locked says why, and how to unlock it. */
export function QualitySelector({
  legend,
  answer,
  value,
  disabled = false,
  scope,
  onChange,
  follow,
}: {
  legend: string;
  answer: AccessAnswer | undefined;
  /** Null: none of the levels (a task that follows its project). */
  value: Quality | null;
  disabled?: boolean;
  scope: AccessScope;
  onChange: (quality: Quality) => void;
  /** The choice before the levels that is none of them; it stands for a null `value`. */
  follow?: { label: string; onChoose: () => void };
}) {
  const name = useId();
  const levels = answer === undefined ? [] : offeredLevels(answer.qualities, value ?? answer.quality);
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 text-[0.8125rem] font-medium">{legend}</legend>
      {follow === undefined ? null : (
        <label className="mb-2 flex w-fit items-center gap-2 text-[0.8125rem] font-medium">
          <input
            type="radio"
            name={name}
            checked={value === null}
            disabled={disabled}
            onChange={follow.onChoose}
            className="size-3.5 accent-chalk"
          />
          {follow.label}
        </label>
      )}
      {answer === undefined ? (
        <Skeleton className="h-20" />
      ) : (
        <div className={cn('grid gap-2', levels.length > 1 && 'sm:grid-cols-3')}>
          {levels.map((level) => (
            <Level
              key={level.quality}
              level={level}
              answer={answer}
              name={name}
              checked={level.quality === value}
              disabled={disabled}
              scope={scope}
              onChoose={() => onChange(level.quality)}
            />
          ))}
        </div>
      )}
    </fieldset>
  );
}
