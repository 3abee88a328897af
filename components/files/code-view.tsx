'use client';
import { useEffect, useMemo, useRef, useState } from 'react';
import { cutAtMarks, markWords, type Span } from '@/components/search/mark-words';
import { cn } from '@/components/ui/cn';
import { ScrollRegion } from '@/components/ui/scroll-region';
import { type CodeToken, grammarOf, highlight } from './highlighter';

/** Coloured pieces of the code, null until they are ready or where it stays plain. */
function useTokens(code: string, language: string): CodeToken[][] | null {
  const [done, setDone] = useState<{ code: string; tokens: CodeToken[][] | null } | null>(null);
  useEffect(() => {
    let current = true;
    highlight(code, grammarOf(language)).then(
      (tokens) => {
        if (current) setDone({ code, tokens });
      },
      // A grammar that does not load leaves plain, readable text.
      () => {
        if (current) setDone({ code, tokens: null });
      },
    );
    return () => {
      current = false;
    };
  }, [code, language]);
  return done !== null && done.code === code ? done.tokens : null;
}

function Marked({ text, start, spans }: { text: string; start: number; spans: readonly Span[] }) {
  if (spans.length === 0) return <>{text}</>;
  return cutAtMarks(text, start, spans).map((piece, index) =>
    piece.marked ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no other identity
      <mark key={index} className="rounded-xs bg-brass-soft text-inherit underline decoration-brass-mark decoration-2">
        {piece.text}
      </mark>
    ) : (
      piece.text
    ),
  );
}

const NO_WORDS: readonly string[] = [];

function Line({
  plain,
  tokens,
  words = NO_WORDS,
}: {
  plain: string;
  tokens: CodeToken[] | undefined;
  words?: readonly string[];
}) {
  const spans = words.length === 0 ? [] : markWords(plain, words);
  if (tokens === undefined) return <Marked text={plain} start={0} spans={spans} />;
  const starts: number[] = [];
  let length = 0;
  for (const token of tokens) {
    starts.push(length);
    length += token.text.length;
  }
  return tokens.map((token, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no other identity
    <span key={index} style={token.style}>
      <Marked text={token.text} start={starts[index] ?? 0} spans={spans} />
    </span>
  ));
}

/** A file with line numbers; `from` and `to` (1-based) are marked and scrolled to, and `words` are marked wherever they stand. */
export function CodeView({
  code,
  language,
  label,
  from,
  to,
  firstLine = 1,
  words,
}: {
  code: string;
  language: string;
  label: string;
  from?: number | undefined;
  to?: number | undefined;
  firstLine?: number;
  /** In small letters. */
  words?: readonly string[];
}) {
  const tokens = useTokens(code, language);
  const lines = useMemo(() => code.replace(/\n$/, '').split('\n'), [code]);
  const marked = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new target is what asks for scrolling
  useEffect(() => {
    marked.current?.scrollIntoView({ block: 'center' });
  }, [from, code]);
  const gutter = `${String(firstLine + lines.length - 1).length + 1}ch`;
  return (
    <ScrollRegion label={label} className="code-tokens overflow-x-auto rounded-md font-mono text-[0.75rem] leading-5">
      <pre className="w-max min-w-full py-2">
        <code>
          {lines.map((line, index) => {
            const number = firstLine + index;
            const isMarked = from !== undefined && number >= from && number <= (to ?? from);
            return (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: a line's number is its identity
                key={index}
                ref={number === from ? marked : undefined}
                id={`L${number}`}
                className={cn('flex pr-4', isMarked && 'bg-brass-soft shadow-[inset_2px_0_0_var(--brass-mark)]')}
              >
                <i
                  aria-hidden="true"
                  className="mr-4 shrink-0 pl-3 text-right text-muted-foreground not-italic select-none"
                  style={{ width: `calc(${gutter} + 0.75rem)` }}
                >
                  {number}
                </i>
                <div className="whitespace-pre">
                  {line === '' ? (
                    ' '
                  ) : (
                    <Line plain={line} tokens={tokens?.[index]} {...(words === undefined ? {} : { words })} />
                  )}
                </div>
              </div>
            );
          })}
        </code>
      </pre>
    </ScrollRegion>
  );
}

/** A piece of code in running text: no line numbers. */
export function CodeSnippet({ code, language }: { code: string; language: string }) {
  const tokens = useTokens(code, language);
  const lines = code.replace(/\n$/, '').split('\n');
  return (
    <ScrollRegion label="Code" className="code-tokens max-h-96 overflow-auto p-3 font-mono text-[0.75rem] leading-5">
      <pre>
        <code>
          {lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line's number is its identity
            <div key={index} className="whitespace-pre">
              {line === '' ? ' ' : <Line plain={line} tokens={tokens?.[index]} />}
            </div>
          ))}
        </code>
      </pre>
    </ScrollRegion>
  );
}
