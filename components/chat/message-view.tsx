'use client';
import { Check, Pencil, X } from 'lucide-react';
import { useState } from 'react';
import { PlumbMark } from '@/components/brand/plumb-mark';
import { Credits } from '@/components/credits/credits';
import { useDraft } from '@/components/drafts/use-draft';
import { Badge } from '@/components/ui/badge';
import { Button } from '@/components/ui/button';
import { Textarea } from '@/components/ui/field';
import { Markdown } from './markdown';
import type { ChatMessage } from './message-reducer';

const PURPOSE: Record<string, string> = {
  clarify: 'Architect · questions',
  spec: 'Architect · spec',
  plan: 'Architect · plan',
  ask: 'Answer',
  note: 'Note to the run',
  run: 'Run',
};

function UserMessage({
  message,
  onEdit,
}: {
  message: ChatMessage;
  onEdit: ((text: string) => Promise<unknown>) | undefined;
}) {
  const [kept, keep] = useDraft(`edit:${message.id}`);
  const [opened, setOpened] = useState<string | null>(null);
  // An edit that was kept opens its message where it can still be sent.
  const draft = opened ?? (kept.trim() === '' ? null : kept);
  const edit = (text: string) => {
    setOpened(text);
    keep(text === message.text ? '' : text);
  };
  const close = () => {
    setOpened(null);
    keep('');
  };
  if (draft !== null && onEdit !== undefined) {
    return (
      <form
        className="space-y-2 rounded-lg border border-border bg-card p-2"
        onSubmit={(event) => {
          event.preventDefault();
          // A refusal is told by the page; what was typed stays to be sent again.
          if (draft.trim() !== '') onEdit(draft.trim()).then(close, () => undefined);
        }}
      >
        <Textarea
          // A draft that a reload opens takes no focus away.
          autoFocus={opened !== null}
          aria-label="Edit message"
          maxLength={8000}
          value={draft}
          onChange={(event) => edit(event.target.value)}
        />
        <div className="flex justify-end gap-2">
          <Button size="sm" variant="ghost" onClick={close}>
            <X aria-hidden="true" /> Cancel
          </Button>
          <Button size="sm" variant="primary" type="submit" disabled={draft.trim() === ''}>
            <Check aria-hidden="true" /> Send again
          </Button>
        </div>
      </form>
    );
  }
  return (
    <div className="group flex flex-col items-end gap-0.5">
      <div className="max-w-[88%] rounded-lg rounded-br-xs border border-border bg-muted px-3 py-2 whitespace-pre-wrap break-words">
        {message.text}
      </div>
      <div className="flex items-center gap-1 text-[0.75rem] text-muted-foreground empty:hidden">
        {[message.author, message.purpose === 'note' ? 'Note for the next step' : null]
          .filter((part) => typeof part === 'string')
          .join(' · ')}
        {onEdit === undefined ? null : (
          <Button
            size="icon"
            variant="ghost"
            className="size-7 text-muted-foreground"
            aria-label="Edit and resend"
            onClick={() => edit(message.text)}
          >
            <Pencil aria-hidden="true" />
          </Button>
        )}
      </div>
    </div>
  );
}

/** One message with who said it, which model, and what it cost. */
export function MessageView({
  message,
  onEdit,
}: {
  message: ChatMessage;
  onEdit?: ((text: string) => Promise<unknown>) | undefined;
}) {
  if (message.role === 'user') return <UserMessage message={message} onEdit={onEdit} />;
  const isDemo = message.modelLabel?.toLowerCase().includes('demo') === true;
  return (
    <article
      aria-label={PURPOSE[message.purpose] ?? 'Message'}
      aria-busy={message.status === 'streaming'}
      className="space-y-1.5"
    >
      <div className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-[0.75rem] text-muted-foreground">
        <PlumbMark className="h-4 w-2.5" swing={message.status === 'streaming'} />
        <span className="font-medium text-foreground">{PURPOSE[message.purpose] ?? 'Plumbline'}</span>
        {message.modelLabel === null ? null : isDemo ? (
          <Badge tone="brass">{message.modelLabel}</Badge>
        ) : (
          <span className="truncate">{message.modelLabel}</span>
        )}
        {message.status === 'streaming' ? <span>writing…</span> : null}
        {message.status === 'stopped' ? <Badge tone="neutral">stopped</Badge> : null}
        {message.status === 'failed' ? <Badge tone="danger">failed, not charged</Badge> : null}
        {message.costMicro > 0n || message.balanceMicro !== undefined ? (
          <span className="ml-auto whitespace-nowrap">
            {message.notCharged === true ? (
              <>
                not charged (<Credits micro={message.costMicro} unit /> given back)
              </>
            ) : (
              <Credits micro={message.costMicro} unit />
            )}
            {message.balanceMicro === undefined || message.notCharged === true ? null : (
              <>
                {' · '}
                <Credits micro={message.balanceMicro} /> left
              </>
            )}
          </span>
        ) : null}
      </div>
      <Markdown text={message.text} streaming={message.status === 'streaming'} />
    </article>
  );
}
