import type { EventPayload } from '@/server/runs/stream/schema';

/** A chat message as shown. */
export interface ChatMessage {
  id: string;
  role: 'user' | 'assistant' | 'system';
  purpose: string;
  text: string;
  status: 'streaming' | 'final' | 'stopped' | 'failed';
  costMicro: bigint;
  /** Micro-credits left after it; absent when it called no model. */
  balanceMicro?: bigint;
  /** What it cost was given back, since its attempt was not approved. */
  notCharged?: boolean;
  modelLabel: string | null;
  /** Which colleague wrote it; absent or null for the reader's own and the instance's. */
  author?: string | null;
  /** The reader wrote it; absent while that is not known. */
  own?: boolean;
}

export interface StreamEvent {
  seq: number;
  payload: EventPayload;
}

/** What the server knew as of event `lastSeq`. */
export interface MessageSnapshot {
  messages: ChatMessage[];
  lastSeq: number;
}

export interface MessageState extends MessageSnapshot {
  /**
   * Events at and after a hole in the numbering. A hole is either compacted deltas or a lost event; only a new snapshot can
   * tell, so these wait for one (`needsSnapshot`) and are then replayed. Text is therefore never shown with a piece missing.
   */
  waiting: StreamEvent[];
  needsSnapshot: boolean;
}

export type MessageAction =
  | { type: 'snapshot'; snapshot: MessageSnapshot }
  | { type: 'events'; events: readonly StreamEvent[] }
  /** A page of messages from before those shown, in order. */
  | { type: 'earlier'; messages: readonly ChatMessage[] };

export const emptyMessages: MessageState = { messages: [], lastSeq: -1, waiting: [], needsSnapshot: true };

/** What no event says: whether the cost was given back comes after a message's end, and names are not kept in events. */
type Said = Pick<Required<ChatMessage>, 'id' | 'notCharged' | 'author' | 'own'>;

/** Messages with what the list last read says about each. */
export function withSaid(messages: readonly ChatMessage[], list: readonly Said[]): ChatMessage[] {
  const known = new Map(list.map(({ id, notCharged, author, own }) => [id, { notCharged, author, own }]));
  return messages.map((message) => ({ ...message, ...known.get(message.id) }));
}

function applyPayload(messages: ChatMessage[], payload: EventPayload): ChatMessage[] {
  switch (payload.type) {
    case 'text-start': {
      const message: ChatMessage = {
        id: payload.id,
        role: payload.role,
        purpose: payload.purpose,
        text: payload.text,
        status: payload.role === 'assistant' ? 'streaming' : 'final',
        costMicro: 0n,
        modelLabel: payload.modelLabel ?? null,
      };
      // A step that starts over after a crash starts its message over too.
      return messages.some(({ id }) => id === payload.id)
        ? messages.map((old) => (old.id === payload.id ? message : old))
        : [...messages, message];
    }
    case 'text-delta':
      return messages.map((old) =>
        old.id === payload.id && old.status === 'streaming' ? { ...old, text: old.text + payload.delta } : old,
      );
    case 'text-end':
      return messages.map((old) =>
        old.id === payload.id
          ? {
              ...old,
              text: payload.text,
              status: payload.status,
              costMicro: BigInt(payload.costMicro),
              ...(payload.balanceMicro === undefined ? {} : { balanceMicro: BigInt(payload.balanceMicro) }),
              modelLabel: payload.modelLabel ?? old.modelLabel,
            }
          : old,
      );
    case 'data-superseded':
      return messages.filter(({ id }) => !payload.ids.includes(id));
    default:
      return messages;
  }
}

/**
 * Applies each event exactly once, by its number: repeats and stragglers are dropped, and whatever follows a hole waits for
 * a snapshot. So any tab, after any reload or reconnection, shows the same text.
 */
export function messageReducer(state: MessageState, action: MessageAction): MessageState {
  if (action.type === 'snapshot') {
    const { snapshot } = action;
    if (snapshot.lastSeq < state.lastSeq) return state;
    // Waiting events that the snapshot covers are done; the rest go through the same door again.
    const rest = state.waiting.filter(({ seq }) => seq > snapshot.lastSeq);
    return messageReducer({ ...snapshot, waiting: [], needsSnapshot: false }, { type: 'events', events: rest });
  }

  if (action.type === 'earlier') {
    const shown = new Set(state.messages.map(({ id }) => id));
    const added = action.messages.filter(({ id }) => !shown.has(id));
    return added.length === 0 ? state : { ...state, messages: [...added, ...state.messages] };
  }

  let { messages, lastSeq } = state;
  const waiting = [...state.waiting];
  for (const event of action.events) {
    if (event.seq <= lastSeq || waiting.some(({ seq }) => seq === event.seq)) continue;
    if (event.seq === lastSeq + 1) {
      messages = applyPayload(messages, event.payload);
      lastSeq = event.seq;
      while (waiting[0]?.seq === lastSeq + 1) {
        const next = waiting.shift();
        if (next === undefined) break;
        messages = applyPayload(messages, next.payload);
        lastSeq = next.seq;
      }
    } else {
      waiting.push(event);
      waiting.sort((a, b) => a.seq - b.seq);
    }
  }
  if (lastSeq === state.lastSeq && waiting.length === state.waiting.length) return state;
  return { messages, lastSeq, waiting, needsSnapshot: waiting.length > 0 };
}
