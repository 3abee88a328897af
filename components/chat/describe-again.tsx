'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { ArrowRight } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useRefused } from '@/components/access/access-denied';
import { useDraft } from '@/components/drafts/use-draft';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import type { ProjectView } from '@/components/trpc/types';
import { Button } from '@/components/ui/button';
import { Label, Textarea } from '@/components/ui/field';

/** A description that the demo model does not know: the person edits it and tries again, or takes an example. */
export function DescribeAgain({ project }: { project: ProjectView['project'] }) {
  const { projectId, refresh } = useProjectStream();
  const trpc = useTRPC();
  const id = useId();
  const [draft, setDraft] = useDraft(`describe:${projectId}`);
  const [touched, setTouched] = useState(false);
  const text = touched || draft !== '' ? draft : project.description;
  const { data: examples } = useQuery(trpc.projects.examples.queryOptions());
  const describe = useMutation(
    trpc.chat.send.mutationOptions({
      onSuccess: () => {
        setDraft('');
        setTouched(false);
        return refresh();
      },
      onError: useRefused({ projectId }),
    }),
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') describe.mutate({ projectId, text: text.trim() });
  };
  return (
    <form
      onSubmit={submit}
      aria-label="Describe it again"
      className="space-y-3 rounded-lg border border-brass/35 bg-card p-3"
    >
      <div>
        <Label htmlFor={id}>Edit the description and try again</Label>
        <Textarea
          id={id}
          className="mt-1"
          value={text}
          maxLength={8000}
          onChange={(event) => {
            setTouched(true);
            setDraft(event.target.value);
          }}
        />
      </div>
      <div className="flex justify-end">
        <Button type="submit" variant="primary" disabled={describe.isPending || text.trim() === ''}>
          {describe.isPending ? 'Trying…' : 'Try again'}
        </Button>
      </div>
      {examples === undefined ? null : (
        <div className="space-y-1.5 border-t border-border pt-3">
          <p className="text-[0.8125rem] font-medium">Or build one of the examples here</p>
          <ul className="flex flex-wrap gap-1.5">
            {examples.map(({ slug, title, prompt, description }) => (
              <li key={slug}>
                <Button
                  size="sm"
                  title={description}
                  disabled={describe.isPending}
                  onClick={() => describe.mutate({ projectId, text: prompt })}
                >
                  {title} <ArrowRight aria-hidden="true" />
                </Button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </form>
  );
}
