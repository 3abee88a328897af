'use client';
import { skipToken, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSubscription } from '@trpc/tanstack-react-query';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from 'react';
import {
  type ChatMessage,
  emptyMessages,
  type MessageSnapshot,
  messageReducer,
  withSaid,
} from '@/components/chat/message-reducer';
import { askAgain } from '@/components/trpc/ask-again';
import { useTRPC } from '@/components/trpc/provider';
import type { ChatList, ProjectView } from '@/components/trpc/types';

/** Milliseconds that changes are gathered before the project is read again. */
const REFETCH_AFTER_MS = 200;

/** Milliseconds after which a stream that the server refused is asked for again. */
const REFUSED_RETRY_MS = 10_000;

/** Milliseconds between two looks whether a run that waits for credits can go on. */
const UNLOCK_POLL_MS = 10_000;

export interface ProjectStream {
  projectId: string;
  view: ProjectView | undefined;
  error: unknown;
  messages: ChatMessage[];
  messagesLoaded: boolean;
  /** Whether changes arrive as they happen. */
  connection: 'connecting' | 'live' | 'lost' | 'refused';
  /** Asks for the page of messages before those shown; null: there is none, or it is on its way. */
  showEarlier: (() => void) | null;
  /** Reads the project again at once, after an action of this page. */
  refresh: () => Promise<void>;
}

const StreamContext = createContext<ProjectStream | null>(null);

function toMessages(list: ChatList): ChatMessage[] {
  return list.messages.map((message) => ({
    id: message.id,
    role: message.role === 'user' || message.role === 'system' ? message.role : 'assistant',
    purpose: message.purpose,
    text: message.text,
    status:
      message.status === 'streaming' || message.status === 'stopped' || message.status === 'failed'
        ? message.status
        : 'final',
    costMicro: message.costMicro,
    ...(message.balanceMicro === null ? {} : { balanceMicro: message.balanceMicro }),
    modelLabel: message.modelLabel,
  }));
}

/** Pages come newest first, and were read in this order: what the newest knew is what all of them know at least. */
function toSnapshot(pages: readonly ChatList[]): MessageSnapshot {
  return { lastSeq: pages[0]?.lastSeq ?? 0, messages: pages.toReversed().flatMap(toMessages) };
}

/**
 * One live view of a project for all its screens: the chat as of an event number, every later event applied exactly once, and
 * everything else read again when an event says that it changed.
 */
export function ProjectStreamProvider({ projectId, children }: { projectId: string; children: ReactNode }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const project = useQuery(
    trpc.projects.get.queryOptions(
      { projectId },
      // Credits arrive without an event of this project: a page that waits for them looks.
      { refetchInterval: (query) => (query.state.data?.unlock ? UNLOCK_POLL_MS : askAgain(query)) },
    ),
  );
  const chat = useInfiniteQuery(
    trpc.chat.list.infiniteQueryOptions(
      { projectId },
      {
        getNextPageParam: (page) => page.nextCursor ?? undefined,
        staleTime: Number.POSITIVE_INFINITY,
        gcTime: 0,
        refetchOnReconnect: false,
      },
    ),
  );
  const [state, dispatch] = useReducer(messageReducer, emptyMessages);
  const [startAfter, setStartAfter] = useState<number | null>(null);

  useEffect(() => {
    if (chat.data === undefined) return;
    const { pages } = chat.data;
    const snapshot = toSnapshot(pages);
    dispatch({ type: 'snapshot', snapshot });
    // A page asked for later comes with a snapshot that events have overtaken: only that page is new.
    const earliest = pages.at(-1);
    if (pages.length > 1 && earliest !== undefined) dispatch({ type: 'earlier', messages: toMessages(earliest) });
    // The subscription keeps its own place from here on; a later snapshot must not restart it.
    setStartAfter((old) => old ?? snapshot.lastSeq);
  }, [chat.data]);

  const { refetch: refetchChat, isFetching: chatIsFetching, dataUpdatedAt, fetchNextPage, hasNextPage } = chat;
  const needsSnapshot = state.needsSnapshot && startAfter !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a snapshot that did not heal the hole (dataUpdatedAt) must lead to another
  useEffect(() => {
    if (needsSnapshot && !chatIsFetching) void refetchChat();
  }, [needsSnapshot, chatIsFetching, refetchChat, dataUpdatedAt]);

  const refresh = useCallback(async () => {
    await Promise.all([
      queryClient.invalidateQueries(trpc.projects.get.queryFilter({ projectId })),
      queryClient.invalidateQueries(trpc.runs.timeline.infiniteQueryFilter({ projectId })),
      queryClient.invalidateQueries(trpc.credits.balance.queryFilter()),
    ]);
  }, [queryClient, trpc, projectId]);

  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  const refreshSoon = useCallback(() => {
    if (timer.current !== null) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      void refresh();
    }, REFETCH_AFTER_MS);
  }, [refresh]);

  // The project that the page arrived with may be older than the event after which the stream begins.
  useEffect(() => {
    if (startAfter !== null) refreshSoon();
  }, [startAfter, refreshSoon]);

  const subscription = useSubscription(
    trpc.runs.events.subscriptionOptions(
      startAfter === null ? skipToken : { projectId, lastEventId: String(startAfter) },
      {
        onData: (event) => {
          const { seq, payload } = event.data;
          dispatch({ type: 'events', events: [{ seq, payload }] });
          // Whose words they are is not in the event.
          if (payload.type === 'text-start' && payload.role === 'user') void refetchChat();
          if (payload.type === 'text-delta' || payload.type === 'text-start') return;
          refreshSoon();
          // What a rejected attempt had cost was given back: its messages say so.
          if (payload.type === 'data-review' && payload.status !== 'APPROVED') void refetchChat();
          if (payload.type === 'data-snapshot') void queryClient.invalidateQueries(trpc.files.pathFilter());
          if (payload.type === 'data-plan') void queryClient.invalidateQueries(trpc.plan.pathFilter());
        },
      },
    ),
  );

  // The browser itself tries again after a lost connection, but not after a refusal.
  const { status: streamStatus, reset: askForStreamAgain } = subscription;
  useEffect(() => {
    if (streamStatus !== 'error') return;
    const retry = setTimeout(askForStreamAgain, REFUSED_RETRY_MS);
    return () => clearTimeout(retry);
  }, [streamStatus, askForStreamAgain]);
  const connection = connectionOf(subscription);
  const messages = useMemo(
    () => withSaid(state.messages, chat.data?.pages.flatMap((page) => page.messages) ?? []),
    [state.messages, chat.data],
  );
  const showEarlier = useMemo(
    () => (hasNextPage && !chatIsFetching ? () => void fetchNextPage() : null),
    [hasNextPage, chatIsFetching, fetchNextPage],
  );
  const value = useMemo<ProjectStream>(
    () => ({
      projectId,
      view: project.data,
      error: project.error ?? chat.error,
      messages,
      messagesLoaded: startAfter !== null,
      connection,
      showEarlier,
      refresh,
    }),
    [projectId, project.data, project.error, chat.error, messages, startAfter, connection, showEarlier, refresh],
  );
  return <StreamContext.Provider value={value}>{children}</StreamContext.Provider>;
}

function connectionOf({ status, error }: { status: string; error: unknown }): ProjectStream['connection'] {
  if (status === 'pending') return 'live';
  if (status === 'error') return 'refused';
  return status === 'connecting' && error !== null ? 'lost' : 'connecting';
}

export function useProjectStream(): ProjectStream {
  const value = useContext(StreamContext);
  if (value === null) throw new Error('useProjectStream needs a ProjectStreamProvider above it');
  return value;
}
