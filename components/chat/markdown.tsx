'use client';
import { isValidElement, memo, type ReactNode } from 'react';
import { type Components, defaultRehypePlugins, defaultRemarkPlugins, Streamdown } from 'streamdown';
import { CodeSnippet } from '@/components/files/code-view';
import { cn } from '@/components/ui/cn';
import { CopyButton } from '@/components/ui/copy-button';
import { MessageImage } from './message-image';
import { lineBreaks, withoutNames } from './plain-html';

/** What Streamdown hands a renderer; `children` are always nodes of React. */
interface RenderProps {
  children?: unknown;
  node?: unknown;
}

function nodes(children: unknown): ReactNode {
  return children as ReactNode;
}

function textOf(node: unknown): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node);
  if (Array.isArray(node)) return node.map(textOf).join('');
  if (isValidElement<RenderProps>(node)) return textOf(node.props.children);
  return '';
}

function Block({ children }: RenderProps) {
  const inner = isValidElement<{ className?: string; children?: ReactNode }>(children) ? children.props : null;
  const code = textOf(inner?.children ?? children);
  const language = /language-([\w+#-]+)/.exec(inner?.className ?? '')?.[1] ?? '';
  return (
    <div className="my-2 overflow-hidden rounded-md border border-border bg-card">
      <div className="flex h-8 items-center justify-between border-b border-border bg-muted pl-3">
        <span className="font-mono text-[0.6875rem] text-muted-foreground">{language === '' ? 'text' : language}</span>
        <CopyButton text={code} label="Copy code" />
      </div>
      <CodeSnippet code={code} language={language} />
    </div>
  );
}

function InlineCode({ children }: RenderProps) {
  return <code className="rounded-xs bg-muted px-1 py-px font-mono text-[0.85em] break-words">{nodes(children)}</code>;
}

/** Headings of a message sit below the page's own. */
const heading = (Tag: 'h3' | 'h4' | 'h5' | 'h6', size: string) =>
  function Heading({ children }: RenderProps) {
    return <Tag className={cn('font-semibold', size)}>{nodes(children)}</Tag>;
  };

const components: Components = {
  pre: Block,
  inlineCode: InlineCode,
  img: MessageImage,
  h1: heading('h3', 'text-base'),
  h2: heading('h4', 'text-[0.9375rem]'),
  h3: heading('h5', 'text-sm'),
  h4: heading('h6', 'text-sm'),
};

// Without `raw`, which parses it, Streamdown makes text of HTML.
const { raw: _, ...plainText } = defaultRehypePlugins;
const rehypePlugins = [...Object.values(plainText), withoutNames];
const remarkPlugins = [...Object.values(defaultRemarkPlugins), lineBreaks];

/** Markdown as it streams: unfinished marks are completed, links are harmless, HTML is text, no picture is fetched. */
export const Markdown = memo(function Markdown({ text, streaming = false }: { text: string; streaming?: boolean }) {
  return (
    <Streamdown
      className="markdown min-w-0 break-words"
      components={components}
      remarkPlugins={remarkPlugins}
      rehypePlugins={rehypePlugins}
      mode={streaming ? 'streaming' : 'static'}
      controls={false}
      isAnimating={streaming}
    >
      {text}
    </Streamdown>
  );
});
