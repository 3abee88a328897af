import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { database } from '@/server/platform/db';
import { createProject } from '@/server/projects/create-project';
import { type Person, person, startApi, stopApi } from '@/test/people';
import { callerFrom } from './caller';
import { trackedEvents } from './tracked-events';

describe('an open stream of events', () => {
  let reader: Person;
  let projectId: string;
  let elapsedMs = 0;
  let seq = 1_000;
  const abort = new AbortController();

  beforeAll(startApi, 60_000);
  beforeEach(async () => {
    reader = await person('reader');
    projectId = await createProject({ ...reader, example: 'expense-report' });
    elapsedMs = 0;
    const real = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => real() + elapsedMs);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  afterAll(async () => {
    abort.abort();
    await stopApi();
  });

  const open = async () => {
    const caller = await callerFrom((name) => (name === 'next-auth.session-token' ? reader.sessionToken : undefined));
    if (caller === null) throw new Error('nobody is signed in');
    const { organizationId } = reader;
    const rows = trackedEvents(caller, { organizationId, projectId, afterSeq: 999, signal: abort.signal });
    return rows[Symbol.asyncIterator]();
  };
  const write = async () => {
    seq += 1;
    const { organizationId } = reader;
    await database().prisma.runEvent.create({
      data: {
        stream: `project:${projectId}`,
        seq,
        organizationId,
        projectId,
        kind: 'data-superseded',
        payload: { type: 'data-superseded', ids: [] },
      },
    });
  };
  const signOut = () => database().prisma.session.deleteMany({ where: { userId: reader.userId } });
  const leave = () => database().prisma.membership.deleteMany({ where: { userId: reader.userId } });

  it('goes on for somebody who may still read', async () => {
    await write();
    const events = await open();
    expect((await events.next()).done).toBe(false);
    elapsedMs = 6_000;
    await write();
    expect((await events.next()).done).toBe(false);
    await events.return(undefined);
  });

  it.each([
    ['signed out everywhere', signOut],
    ['was removed from the organization', leave],
  ])('hands out nothing 6 s after its reader %s', async (_what, end) => {
    await write();
    const events = await open();
    expect((await events.next()).done).toBe(false);
    await end();
    elapsedMs = 6_000;
    await write();
    expect((await events.next()).done).toBe(true);
  });

  it.each([
    ['signed out everywhere', signOut],
    ['was removed from the organization', leave],
  ])('ends though nothing happens on it, when its reader %s', async (_what, end) => {
    await write();
    const events = await open();
    expect((await events.next()).done).toBe(false);
    const next = events.next();
    await end();
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await next).done).toBe(true);
  });
});
