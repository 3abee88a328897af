'use client';
import { skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
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

/** Milliseconds between two looks whether a run that waits for credits can go on. */
const UNLOCK_POLL_MS = 10_000;

export interface ProjectStream {
  projectId: string;
  view: ProjectView | undefined;
  error: unknown;
  messages: ChatMessage[];
  messagesLoaded: boolean;
  /** Whether changes arrive as they happen. */
  connection: 'connecting' | 'live' | 'lost';
  /** Reads the project again at once, after an action of this page. */
  refresh: () => Promise<void>;
}

const StreamContext = createContext<ProjectStream | null>(null);

function toSnapshot(list: ChatList): MessageSnapshot {
  return {
    lastSeq: list.lastSeq,
    messages: list.messages.map((message) => ({
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
    })),
  };
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
  const chat = useQuery(
    trpc.chat.list.queryOptions(
      { projectId },
      { staleTime: Number.POSITIVE_INFINITY, gcTime: 0, refetchOnReconnect: false },
    ),
  );
  const [state, dispatch] = useReducer(messageReducer, emptyMessages);
  const [startAfter, setStartAfter] = useState<number | null>(null);

  useEffect(() => {
    if (chat.data === undefined) return;
    dispatch({ type: 'snapshot', snapshot: toSnapshot(chat.data) });
    // The subscription keeps its own place from here on; a later snapshot must not restart it.
    setStartAfter((old) => old ?? chat.data.lastSeq);
  }, [chat.data]);

  const { refetch: refetchChat, isFetching: chatIsFetching, dataUpdatedAt } = chat;
  const needsSnapshot = state.needsSnapshot && startAfter !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a snapshot that did not heal the hole (dataUpdatedAt) must lead to another
  useEffect(() => {
    if (needsSnapshot && !chatIsFetching) void refetchChat();
  }, [needsSnapshot, chatIsFetching, refetchChat, dataUpdatedAt]);

  const refresh = useCallback(async () => {
    await Promise.all([
      queryClient.invalidateQueries(trpc.projects.get.queryFilter({ projectId })),
      queryClient.invalidateQueries(trpc.runs.timeline.queryFilter({ projectId })),
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

  const connection =
    subscription.status === 'pending'
      ? 'live'
      : subscription.status === 'error' || (subscription.status === 'connecting' && subscription.error !== null)
        ? 'lost'
        : 'connecting';
  const messages = useMemo(() => withSaid(state.messages, chat.data?.messages ?? []), [state.messages, chat.data]);
  const value = useMemo<ProjectStream>(
    () => ({
      projectId,
      view: project.data,
      error: project.error ?? chat.error,
      messages,
      messagesLoaded: startAfter !== null,
      connection,
      refresh,
    }),
    [projectId, project.data, project.error, chat.error, messages, startAfter, connection, refresh],
  );
  return <StreamContext.Provider value={value}>{children}</StreamContext.Provider>;
}

export function useProjectStream(): ProjectStream {
  const value = useContext(StreamContext);
  if (value === null) throw new Error('useProjectStream needs a ProjectStreamProvider above it');
  return value;
}
