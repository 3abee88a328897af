'use client';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { z } from 'zod';
import { useRefused } from '@/components/access/access-denied';
import { readJson } from '@/components/drafts/read-json';
import { useDraft } from '@/components/drafts/use-draft';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { cn } from '@/components/ui/cn';
import { Input } from '@/components/ui/field';
import type { ClarifyingQuestion } from '@/server/agents/schema';

const answersSchema = z.record(z.string(), z.string());

/** The architect's questions. Every answer is optional: what is left open is assumed as written under it. */
export function QuestionsForm({
  projectId,
  questions,
  onDone,
}: {
  projectId: string;
  questions: ClarifyingQuestion[];
  onDone: () => Promise<void>;
}) {
  const trpc = useTRPC();
  const [draft, setDraft] = useDraft(`answers:${projectId}`);
  const answers = readJson(answersSchema, draft) ?? {};
  const send = useMutation(
    trpc.runs.answer.mutationOptions({
      onSuccess: () => {
        setDraft('');
        return onDone();
      },
      onError: useRefused({ projectId }),
    }),
  );
  const answered = questions.flatMap(({ id }) => {
    const answer = (answers[id] ?? '').trim();
    return answer === '' ? [] : [{ id, answer }];
  });
  const set = (id: string, answer: string) => setDraft(JSON.stringify({ ...answers, [id]: answer }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate({ projectId, answers: answered });
  };
  return (
    <form
      onSubmit={submit}
      aria-label="Clarifying questions"
      className="space-y-4 rounded-lg border border-brass/35 bg-card p-3"
    >
      <div>
        <p className="font-medium">A few choices are open</p>
        <p className="text-[0.8125rem] text-muted-foreground">
          Answer what matters to you. Anything you leave empty is assumed as shown.
        </p>
      </div>
      {questions.map((question, index) => (
        <fieldset key={question.id} className="space-y-1.5">
          <legend className="mb-1 text-[0.8125rem] font-medium">
            <span className="mr-1.5 font-mono text-muted-foreground">{index + 1}</span>
            {question.question}
          </legend>
          {question.options.length === 0 ? null : (
            <div className="flex flex-wrap gap-1.5">
              {question.options.map((option) => {
                const chosen = answers[question.id] === option;
                return (
                  <button
                    key={option}
                    type="button"
                    aria-pressed={chosen}
                    onClick={() => set(question.id, chosen ? '' : option)}
                    className={cn(
                      'min-h-8 rounded-md border px-2.5 py-1 text-left text-[0.8125rem]',
                      chosen ? 'border-chalk bg-chalk-soft font-medium text-chalk' : 'border-border hover:bg-accent',
                    )}
                  >
                    {option}
                  </button>
                );
              })}
            </div>
          )}
          <Input
            aria-label={`Your own answer: ${question.question}`}
            placeholder={question.assumed === '' ? 'Your own answer' : `Assumed: ${question.assumed}`}
            value={answers[question.id] ?? ''}
            maxLength={2000}
            onChange={(event) => set(question.id, event.target.value)}
          />
        </fieldset>
      ))}
      <div className="flex flex-wrap justify-end gap-2">
        <Button disabled={send.isPending} onClick={() => send.mutate({ projectId, answers: [] })}>
          Skip questions
        </Button>
        <Button variant="primary" type="submit" disabled={send.isPending || answered.length === 0}>
          Send answers
        </Button>
      </div>
    </form>
  );
}
