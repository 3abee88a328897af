import { createTRPCClient, TRPCClientError, type TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import { expect, it } from 'vitest';
import type { AppRouter } from '@/server/api/root';
import { onceLink } from './once-link';

/** A client whose requests stay open until the test answers them. */
function openClient() {
  const open: { path: string; answer: () => void; refuse: () => void }[] = [];
  const held: TRPCLink<AppRouter> = () => (request) =>
    observable((observer) => {
      open.push({
        path: request.op.path,
        answer: () => {
          observer.next({ result: { type: 'data', data: { messageId: String(open.length) } } });
          observer.complete();
        },
        refuse: () => observer.error(new TRPCClientError('No.')),
      });
    });
  return { open, client: createTRPCClient<AppRouter>({ links: [onceLink, held] }) };
}
const note = { projectId: 'p', text: 'hello' };

it('two Enters send once, and both get the answer', async () => {
  const { open, client } = openClient();
  const both = [client.chat.send.mutate(note), client.chat.send.mutate({ ...note })];
  expect(open).toHaveLength(1);
  open[0]?.answer();
  expect(await Promise.all(both)).toEqual([{ messageId: '1' }, { messageId: '1' }]);
});

it('amounts count: another input is another change', () => {
  const { open, client } = openClient();
  void client.projects.setBudget.mutate({ projectId: 'p', budgetMicro: 1n });
  void client.projects.setBudget.mutate({ projectId: 'p', budgetMicro: 2n });
  void client.projects.setBudget.mutate({ projectId: 'p', budgetMicro: null });
  expect(open).toHaveLength(3);
});

it('the same change can be made again after its answer, and after its refusal', async () => {
  const { open, client } = openClient();
  const refused = client.chat.send.mutate(note);
  open[0]?.refuse();
  await expect(refused).rejects.toThrow('No.');
  const sent = client.chat.send.mutate(note);
  open[1]?.answer();
  await sent;
  void client.chat.send.mutate(note);
  expect(open).toHaveLength(3);
});

it('questions are not changes', () => {
  const { open, client } = openClient();
  void client.account.me.query();
  void client.account.me.query();
  expect(open).toHaveLength(2);
});
