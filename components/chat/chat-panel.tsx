'use client';
import { useMutation } from '@tanstack/react-query';
import { ArrowDown } from 'lucide-react';
import { useRef } from 'react';
import { useRefused } from '@/components/access/access-denied';
import { useProjectStream } from '@/components/project/project-stream';
import { useTRPC } from '@/components/trpc/provider';
import { Button } from '@/components/ui/button';
import { SkeletonRows } from '@/components/ui/skeleton';
import { useKeptScroll } from '@/components/ui/use-kept-scroll';
import { Composer } from './composer';
import { DescribeAgain } from './describe-again';
import { useFollowEnd } from './follow-end';
import type { ChatMessage } from './message-reducer';
import { MessageView } from './message-view';
import { QuestionsForm } from './questions-form';

/** A step that ended before its first word is told by the run's timeline; in the chat it would be an empty line. */
function saysSomething({ role, purpose, status, text }: ChatMessage): boolean {
  return role === 'user' || purpose === 'ask' || text !== '' || status === 'streaming' || status === 'final';
}

/** The project's conversation. What it shows is the persisted event log, the same in every tab. */
export function ChatPanel() {
  const { projectId, view, messages, messagesLoaded, showEarlier, refresh } = useProjectStream();
  const trpc = useTRPC();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { following, follow, onScroll, onWheel } = useFollowEnd(scroller, content);
  const keepScroll = useKeptScroll(content, messages[0]?.id);
  const edit = useMutation(trpc.chat.editAndResend.mutationOptions({ onError: useRefused({ projectId }) }));
  const streaming = messages.some((message) => message.status === 'streaming');
  const running = view?.actions.takesNotes === true;
  const open =
    view?.questions !== null && view?.questions !== undefined && !view.questions.answered && view.actions.canAnswer
      ? view.questions.items
      : [];
  return (
    <section aria-labelledby="chat-title" className="relative flex min-h-0 flex-1 flex-col">
      <h2 id="chat-title" className="sr-only">
        Chat
      </h2>
      <div
        ref={scroller}
        onScroll={onScroll}
        onWheel={onWheel}
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
                  follow(false);
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
                  ? (text) => edit.mutateAsync({ projectId, messageId: message.id, text })
                  : undefined
              }
            />
          ))}
          {view?.project.status === 'draft' ? <DescribeAgain project={view.project} /> : null}
          {open.length > 0 ? <QuestionsForm projectId={projectId} questions={open} onDone={refresh} /> : null}
        </div>
      </div>
      {following ? null : (
        <Button
          size="sm"
          className="absolute bottom-32 left-1/2 -translate-x-1/2 shadow-md"
          onClick={() => follow(true)}
        >
          <ArrowDown aria-hidden="true" /> Latest
        </Button>
      )}
      {/* Of a draft only its description can be spoken about, and that has its own form. */}
      {view?.project.status === 'draft' ? null : <Composer running={running} streaming={streaming} />}
    </section>
  );
}
