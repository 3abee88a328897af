import 'server-only';
import pg from 'pg';
import type { PressureCall, PressureReply } from './pressure';

/**
 * One of the processes of the ledger's pressure tests: `node … pressure-worker.ts URL CONNECTIONS`. Runs each call it is
 * sent on its own connections, one transaction a repetition, and answers with the outcomes counted.
 */
const [url, connections] = process.argv.slice(2);
const clients = Array.from({ length: Number(connections) }, () => new pg.Client({ connectionString: url }));
await Promise.all(clients.map((client) => client.connect()));
const names = new Map<string, string>();

async function run({ text, values, repeat }: PressureCall): Promise<PressureReply> {
  const name = names.get(text) ?? `call_${names.size}`;
  names.set(text, name);
  const outcomes: Record<string, number> = {};
  let left = repeat;
  const work = clients.slice(0, Math.min(repeat, clients.length)).map(async (client) => {
    while (left-- > 0) {
      const { rows } = await client.query<{ outcome: string }>({ name, text, values });
      const outcome = String(rows[0]?.outcome);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  });
  await Promise.all(work);
  return { outcomes };
}

process.on('message', (call: PressureCall) => {
  run(call).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ outcomes: {} });
