'use client';
import { zodResolver } from '@hookform/resolvers/zod';
import { ArrowRight } from 'lucide-react';
import { startTransition, useActionState, useEffect, useState } from 'react';
import { useForm } from 'react-hook-form';
import { DesignQuote } from '@/components/access/design-quote';
import { NewProjectQuality } from '@/components/access/new-project-quality';
import { useDraft } from '@/components/drafts/use-draft';
import { useShownOrganization } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Callout } from '@/components/ui/callout';
import { Card } from '@/components/ui/card';
import { FieldError, Input, Label, Textarea } from '@/components/ui/field';
import type { Quality } from '@/server/models/schema';
import {
  NEW_PROJECT,
  type NewProject,
  type NewProjectState,
  newProjectSchema,
  readNewProject,
  writeNewProject,
} from './new-project-schema';

export interface ExampleCard {
  slug: string;
  title: string;
  description: string;
}

/** Works as a plain form before its scripts have loaded; with them, errors show while typing. */
export function NewProjectForm({
  action,
  examples,
  demo,
}: {
  action: (state: NewProjectState, form: FormData) => Promise<NewProjectState>;
  examples: readonly ExampleCard[];
  demo: boolean;
}) {
  const organizationId = useShownOrganization();
  const [state, submit, pending] = useActionState(action, { message: null, fields: {} });
  const form = useForm<NewProject>({
    defaultValues: { title: '', description: '' },
    mode: 'onTouched',
    resolver: zodResolver(newProjectSchema),
  });
  const [quality, setQuality] = useState<Quality>('fast');
  const { getValues, reset } = form;
  const [kept, keep] = useDraft(NEW_PROJECT);
  // A person who left for a plan or for credits finds what they had typed.
  useEffect(() => {
    const draft = readNewProject(kept);
    const { title, description } = getValues();
    // The fields stay known: a key pressed before the next drawing is added to the draft.
    if (draft !== null && title === '' && description === '') reset(draft, { keepFieldsRef: true });
  }, [kept, getValues, reset]);
  // Sending took the draft away; a refusal leaves the form, and so its draft.
  useEffect(() => {
    if (state.message !== null) keep(writeNewProject(getValues()));
  }, [state, getValues, keep]);
  const titleError = form.formState.errors.title?.message ?? state.fields.title;
  const descriptionError = form.formState.errors.description?.message ?? state.fields.description;
  return (
    <div className="space-y-8">
      {state.message === null ? null : <Callout tone="danger" title={state.message} />}
      <form
        action={submit}
        aria-label="New project"
        noValidate
        className="space-y-4"
        onChange={() => keep(writeNewProject(getValues()))}
        onSubmit={(event) => {
          const data = new FormData(event.currentTarget);
          event.preventDefault();
          void form.handleSubmit(() => {
            keep('');
            startTransition(() => submit(data));
          })();
        }}
      >
        <div>
          <Label htmlFor="new-description">What should it do?</Label>
          <Textarea
            id="new-description"
            className="mt-1 min-h-36"
            placeholder="A command-line tool that reads a CSV file and writes JSON, with clear errors that name the line."
            aria-invalid={descriptionError !== undefined}
            aria-describedby="new-description-error"
            {...form.register('description')}
          />
          <FieldError id="new-description-error">{descriptionError}</FieldError>
        </div>
        <div>
          <Label htmlFor="new-title">
            Title <span className="font-normal text-muted-foreground">(optional, the architect proposes one)</span>
          </Label>
          <Input
            id="new-title"
            className="mt-1"
            aria-invalid={titleError !== undefined}
            aria-describedby="new-title-error"
            {...form.register('title')}
          />
          <FieldError id="new-title-error">{titleError}</FieldError>
        </div>
        <NewProjectQuality value={quality} onChange={setQuality} />
        <input type="hidden" name="quality" value={quality} />
        <input type="hidden" name="organization" value={organizationId} />
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p className="text-[0.8125rem] text-muted-foreground">
            <DesignQuote quality={quality} /> Building costs nothing before you approve its quote.
          </p>
          <Button type="submit" variant="primary" disabled={pending}>
            {pending ? 'Creating…' : 'Create project'}
          </Button>
        </div>
      </form>
      {examples.length === 0 ? null : (
        <section aria-labelledby="examples-title" className="space-y-2">
          <h2 id="examples-title" className="text-sm font-semibold">
            Or start from an example
          </h2>
          {demo ? (
            <p className="text-[0.8125rem] text-muted-foreground">
              This instance runs the offline demo model: it knows these projects. Any other description needs a model
              key.
            </p>
          ) : null}
          <ul className="grid gap-2 sm:grid-cols-2">
            {examples.map((example) => (
              <li key={example.slug}>
                <form action={submit} className="h-full">
                  <input type="hidden" name="example" value={example.slug} />
                  <input type="hidden" name="quality" value={quality} />
                  <input type="hidden" name="organization" value={organizationId} />
                  <Card className="h-full transition-colors hover:bg-accent/60">
                    <button
                      type="submit"
                      disabled={pending}
                      className="flex h-full w-full items-start justify-between gap-3 rounded-lg p-3 text-left"
                    >
                      <span>
                        <span className="block font-medium">{example.title}</span>
                        <span className="mt-0.5 block text-[0.8125rem] text-muted-foreground">
                          {example.description}
                        </span>
                      </span>
                      <ArrowRight aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-muted-foreground" />
                    </button>
                  </Card>
                </form>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
