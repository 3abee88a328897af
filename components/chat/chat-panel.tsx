'use client';
import { useMutation } from '@tanstack/react-query';
import { ArrowDown, SendHorizontal, Square } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useRefused } from '@/components/access/access-denied';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { Textarea } from '@/components/ui/field';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useKeptScroll } from '@/components/ui/use-kept-scroll';
import type { ChatMessage } from './message-reducer';
import { MessageView } from './message-view';
import { QuestionsForm } from './questions-form';

/** How near the end, in pixels, still counts as reading along. */
const FOLLOW_WITHIN_PX = 80;

/** A step that ended before its first word is told by the run's timeline; in the chat it would be an empty line. */
function saysSomething({ role, purpose, status, text }: ChatMessage): boolean {
  return role === 'user' || purpose === 'ask' || text !== '' || status === 'streaming' || status === 'final';
}

function Composer({ running, streaming }: { running: boolean; streaming: boolean }) {
  const { projectId, view } = useProjectStream();
  const trpc = useTRPC();
  const hintId = useId();
  const [text, setText] = useState('');
  const fail = useRefused({ projectId });
  const send = useMutation(trpc.chat.send.mutationOptions({ onSuccess: () => setText(''), onError: fail }));
  const stop = useMutation(trpc.chat.stop.mutationOptions({ onError: fail }));
  const canAsk = running || view?.actions.canAsk === true;
  const submit = () => {
    const trimmed = text.trim();
    if (trimmed !== '' && canAsk && !send.isPending) send.mutate({ projectId, text: trimmed });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
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
      <p id={hintId} className="mt-1 text-[0.75rem] text-muted-foreground">
        {running
          ? 'A note costs nothing by itself.'
          : canAsk
            ? 'Enter sends, Shift+Enter starts a new line. Each answer shows what it cost.'
            : 'You can write here once the architect is done.'}
      </p>
    </form>
  );
}

/** The project's conversation. What it shows is the persisted event log, the same in every tab. */
export function ChatPanel() {
  const { projectId, view, messages, messagesLoaded, showEarlier, refresh } = useProjectStream();
  const trpc = useTRPC();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const [following, setFollowing] = useState(true);
  const keepScroll = useKeptScroll(content, messages[0]?.id);
  const edit = useMutation(trpc.chat.editAndResend.mutationOptions({ onError: useRefused({ projectId }) }));
  const streaming = messages.some((message) => message.status === 'streaming');
  const running = view?.actions.takesNotes === true;
  const open =
    view?.questions !== null && view?.questions !== undefined && !view.questions.answered && view.actions.canAnswer
      ? view.questions.items
      : [];

  // Text grows, code is coloured, forms open: whatever makes the content taller keeps the end in view while reading along.
  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null || !following) return;
    const toEnd = () => {
      box.scrollTop = box.scrollHeight;
    };
    toEnd();
    const observer = new ResizeObserver(toEnd);
    observer.observe(inner);
    return () => observer.disconnect();
  }, [following]);

  const onScroll = () => {
    const box = scroller.current;
    if (box === null) return;
    const isUpward = box.scrollTop < lastTop.current - 1;
    lastTop.current = box.scrollTop;
    const isNearEnd = box.scrollHeight - box.scrollTop - box.clientHeight < FOLLOW_WITHIN_PX;
    // Only a person scrolls up; content that grows below does not end the reading along.
    if (isNearEnd) setFollowing(true);
    else if (isUpward) setFollowing(false);
  };
  return (
    <section aria-labelledby="chat-title" className="relative flex min-h-0 flex-1 flex-col">
      <h2 id="chat-title" className="sr-only">
        Chat
      </h2>
      <div
        ref={scroller}
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-live="polite"
        aria-relevant="additions"
        aria-busy={streaming}
        aria-label="Messages"
        className="min-h-0 flex-1 overflow-y-auto"
      >
        <div ref={content} className="space-y-5 px-4 py-4">
          {showEarlier === null ? null : (
            <div className="text-center">
              <Button
                size="sm"
                onClick={() => {
                  setFollowing(false);
                  keepScroll();
                  showEarlier();
                }}
              >
                Show earlier messages
              </Button>
            </div>
          )}
          {messagesLoaded ? null : <SkeletonRows label="Loading messages" rows={3} />}
          {messagesLoaded && messages.length === 0 ? (
            <p className="text-muted-foreground">No messages yet. The architect is about to begin.</p>
          ) : null}
          {messages.filter(saysSomething).map((message) => (
            <MessageView
              key={message.id}
              message={message}
              onEdit={
                message.own === true && message.purpose === 'ask' && view?.actions.canAsk === true && !streaming
                  ? async (text) => {
                      if (text !== '')
                        await edit.mutateAsync({ projectId, messageId: message.id, text }).catch(() => undefined);
                    }
                  : undefined
              }
            />
          ))}
          {open.length > 0 ? <QuestionsForm projectId={projectId} questions={open} onDone={refresh} /> : null}
        </div>
      </div>
      {following ? null : (
        <Button
          size="sm"
          className="absolute bottom-32 left-1/2 -translate-x-1/2 shadow-md"
          onClick={() => setFollowing(true)}
        >
          <ArrowDown aria-hidden="true" /> Latest
        </Button>
      )}
      <Composer running={running} streaming={streaming} />
    </section>
  );
}
