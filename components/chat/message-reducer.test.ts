import { describe, expect, it } from 'vitest';
import type { EventPayload } from '@/server/runs/stream/schema';
import {
  emptyMessages,
  type MessageSnapshot,
  type MessageState,
  messageReducer,
  type StreamEvent,
  withSaid,
} from './message-reducer';

const payloads: EventPayload[] = [
  { type: 'text-start', id: 'u', role: 'user', purpose: 'ask', text: 'hello' },
  { type: 'text-start', id: 'a', role: 'assistant', purpose: 'ask', text: '' },
  { type: 'text-delta', id: 'a', delta: 'one ' },
  { type: 'data-status', status: 'implementing' },
  { type: 'text-delta', id: 'a', delta: 'two ' },
  { type: 'text-delta', id: 'a', delta: 'three' },
  { type: 'text-end', id: 'a', text: 'one two three', status: 'final', costMicro: '1200', modelLabel: 'Demo' },
];
const log: StreamEvent[] = payloads.map((payload, index) => ({ seq: index + 1, payload }));
const nothing: MessageSnapshot = { messages: [], lastSeq: 0 };
const loaded = messageReducer(emptyMessages, { type: 'snapshot', snapshot: nothing });

function play(state: MessageState, events: readonly StreamEvent[]): MessageState {
  return events.reduce((now, event) => messageReducer(now, { type: 'events', events: [event] }), state);
}
const whole = play(loaded, log);
/** The server's answer to chat.list as of an event. */
const snapshotAt = (seq: number): MessageSnapshot => ({
  messages: play(loaded, log.slice(0, seq)).messages,
  lastSeq: seq,
});
const text = (state: MessageState, id = 'a') => state.messages.find((message) => message.id === id)?.text;

describe('messages from the event log', () => {
  it('follows a stream to its end', () => {
    expect(text(play(loaded, log.slice(0, 5)))).toBe('one two ');
    expect(whole.messages).toEqual([
      { id: 'u', role: 'user', purpose: 'ask', text: 'hello', status: 'final', costMicro: 0n, modelLabel: null },
      {
        id: 'a',
        role: 'assistant',
        purpose: 'ask',
        text: 'one two three',
        status: 'final',
        costMicro: 1200n,
        modelLabel: 'Demo',
      },
    ]);
    expect(whole.needsSnapshot).toBe(false);
  });

  it('is the same whichever event the page was loaded at', () => {
    for (let seq = 0; seq <= log.length; seq += 1) {
      const state = messageReducer(emptyMessages, { type: 'snapshot', snapshot: snapshotAt(seq) });
      expect(play(state, log.slice(seq)).messages).toEqual(whole.messages);
    }
  });

  it('drops repeats, one by one and as a whole stream sent again', () => {
    expect(
      play(
        loaded,
        log.slice(0, 5).flatMap((event) => [event, event]),
      ).messages,
    ).toEqual(snapshotAt(5).messages);
    expect(play(whole, log)).toBe(whole);
  });

  it('puts events that arrive out of order back in order', () => {
    const [a, b, c, d, e, f, g] = log;
    if (!a || !b || !c || !d || !e || !f || !g) throw new Error('log is too short');
    const state = play(loaded, [a, b, d, f, c, e]);
    expect(text(state)).toBe('one two three');
    expect(state.needsSnapshot).toBe(false);
    expect(play(state, [g]).messages).toEqual(whole.messages);
  });

  it('shows no text with a piece missing: after a hole it waits for a snapshot and goes on from there', () => {
    const holed = play(loaded, [...log.slice(0, 3), ...log.slice(5, 6)]);
    expect(text(holed)).toBe('one ');
    expect(holed.needsSnapshot).toBe(true);
    const healed = messageReducer(holed, { type: 'snapshot', snapshot: snapshotAt(5) });
    expect(text(healed)).toBe('one two three');
    expect(healed.needsSnapshot).toBe(false);
    expect(play(healed, log.slice(6)).messages).toEqual(whole.messages);
  });

  it('takes compaction, where deltas are gone for good, from the snapshot', () => {
    const compacted = log.filter(({ payload }) => payload.type !== 'text-delta');
    const holed = play(loaded, compacted);
    expect(holed.needsSnapshot).toBe(true);
    const healed = messageReducer(holed, { type: 'snapshot', snapshot: snapshotAt(7) });
    expect(healed.messages).toEqual(whole.messages);
    expect(healed.waiting).toEqual([]);
  });

  it('keeps what it has when an older snapshot comes late', () => {
    expect(messageReducer(whole, { type: 'snapshot', snapshot: snapshotAt(3) })).toBe(whole);
  });

  it('asks again when a snapshot was taken before the hole', () => {
    const holed = play(loaded, log.slice(5, 6));
    const still = messageReducer(holed, { type: 'snapshot', snapshot: snapshotAt(2) });
    expect(still.needsSnapshot).toBe(true);
    expect(still.waiting.map(({ seq }) => seq)).toEqual([6]);
  });

  it('starts a message over when its step starts over', () => {
    const again: StreamEvent = {
      seq: 4,
      payload: { type: 'text-start', id: 'a', role: 'assistant', purpose: 'ask', text: '' },
    };
    const state = play(loaded, [
      ...log.slice(0, 3),
      again,
      { seq: 5, payload: { type: 'text-delta', id: 'a', delta: 'new' } },
    ]);
    expect(text(state)).toBe('new');
    expect(state.messages).toHaveLength(2);
  });

  it('takes from the list whose words they are and what was given back, and nothing else', () => {
    const list = [
      { id: 'u', notCharged: false, author: 'Mia', own: false },
      { id: 'a', notCharged: true, author: null, own: false },
      { id: 'struck out since', notCharged: false, author: null, own: true },
    ];
    const [user, answer, ...more] = withSaid(whole.messages, list);
    expect(user).toEqual({ ...whole.messages[0], notCharged: false, author: 'Mia', own: false });
    expect(answer).toEqual({ ...whole.messages[1], notCharged: true, author: null, own: false });
    expect(more).toEqual([]);
    // Until the list has been read again a new message is nobody's: it is not offered for editing.
    expect(withSaid(whole.messages, [])).toEqual(whole.messages);
  });

  it('takes struck-out messages away', () => {
    const state = play(whole, [{ seq: 8, payload: { type: 'data-superseded', ids: ['u', 'a'] } }]);
    expect(state.messages).toEqual([]);
  });

  it('puts an earlier page before what is shown, each message once, whatever has happened since', () => {
    const message = (id: string) => ({
      id,
      role: 'user' as const,
      purpose: 'ask',
      text: id,
      status: 'final' as const,
      costMicro: 0n,
      modelLabel: null,
    });
    const earlier = messageReducer(whole, { type: 'earlier', messages: [message('x'), message('y'), message('u')] });
    expect(earlier.messages.map(({ id }) => id)).toEqual(['x', 'y', 'u', 'a']);
    expect(earlier.lastSeq).toBe(whole.lastSeq);
    // The snapshot that came with the page is older than the events: it changes nothing.
    expect(messageReducer(earlier, { type: 'snapshot', snapshot: snapshotAt(3) })).toBe(earlier);
    expect(messageReducer(earlier, { type: 'earlier', messages: [message('x')] })).toBe(earlier);
  });
});
