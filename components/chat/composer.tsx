'use client';
import { useMutation } from '@tanstack/react-query';
import { SendHorizontal, Square } from 'lucide-react';
import { type KeyboardEvent, useId } from 'react';
import { useRefused } from '@/components/access/access-denied';
import { useDraft, useRestoreDraft } from '@/components/drafts/use-draft';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Textarea } from '@/components/ui/field';

/** Where a message is typed. The box is empty as soon as it is sent; what could not be sent comes back. */
export function Composer({ running, streaming }: { running: boolean; streaming: boolean }) {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const hintId = useId();
  const place = `chat:${projectId}`;
  const [text, setText] = useDraft(place);
  const restore = useRestoreDraft(place);
  const fail = useRefused({ projectId });
  const send = useMutation(
    trpc.chat.send.mutationOptions({
      onError: (error, { text: failed }) => {
        restore(failed);
        fail(error);
      },
    }),
  );
  const stop = useMutation(trpc.chat.stop.mutationOptions({ onError: fail }));
  const canAsk = running || view?.actions.canAsk === true;
  const submit = () => {
    const trimmed = text.trim();
    if (trimmed === '' || !canAsk || send.isPending) return;
    setText('');
    send.mutate({ projectId, text: trimmed });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="border-t border-border bg-background p-3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="relative">
        <Textarea
          aria-label={running ? 'Note to the run' : 'Message'}
          aria-describedby={hintId}
          className="min-h-16 resize-none pr-12"
          rows={2}
          maxLength={8000}
          placeholder={running ? 'Send a note: the next attempt reads it' : 'Ask about the project or its code'}
          value={text}
          disabled={!canAsk}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="absolute right-1.5 bottom-1.5">
          {streaming && text.trim() === '' ? (
            <Button
              size="icon"
              aria-label="Stop writing"
              disabled={stop.isPending}
              onClick={() => stop.mutate({ projectId })}
            >
              <Square aria-hidden="true" className="fill-current" />
            </Button>
          ) : (
            <Button
              size="icon"
              variant="primary"
              type="submit"
              aria-label="Send"
              disabled={!canAsk || send.isPending || text.trim() === ''}
            >
              <SendHorizontal aria-hidden="true" />
            </Button>
          )}
        </div>
      </div>
      <p id={hintId} className="mt-1 truncate text-[0.75rem] text-muted-foreground">
        {send.isPending ? (
          `Sending “${send.variables.text}”`
        ) : running ? (
          'A note costs nothing by itself.'
        ) : canAsk ? (
          <>
            <span className="max-sm:hidden">Enter sends, Shift+Enter starts a new line. </span>
            Each answer shows what it cost.
          </>
        ) : (
          'You can write here once the architect is done.'
        )}
      </p>
    </form>
  );
}
