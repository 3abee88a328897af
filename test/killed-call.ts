import 'server-only';
import pg from 'pg';
import { callModel } from '@/server/models/gateway/call-model';
import { openNative, useDatabase } from '@/server/platform/db';

/**
 * `node … killed-call.ts URL ORGANIZATION USER KEY N`: makes one metered call of the demo model, whose effect is the name of the
 * organization, and kills itself before its Nth SQL statement is sent. A call that needs fewer ends with exit code 0.
 */
const [url = '', organizationId = '', userId = '', idempotencyKey = '', last = ''] = process.argv.slice(2);
let sent = 0;
const send = pg.Client.prototype.query;
pg.Client.prototype.query = new Proxy(send, {
  apply(target, client, args) {
    if (++sent === Number(last)) process.kill(process.pid, 'SIGKILL');
    return Reflect.apply(target, client, args);
  },
});
useDatabase(openNative(url, 2));

await callModel(
  {
    organizationId,
    userId,
    projectId: null,
    runId: null,
    taskId: null,
    stepId: null,
    role: 'ask',
    quality: 'fast',
    promptVersion: 'test-1',
    idempotencyKey,
    hint: {},
  },
  {
    model: 'demo:demo',
    system: 'You are tested.',
    prompt: 'Say something.',
    onSettled: async (tx) => {
      await tx.organization.update({ where: { id: organizationId }, data: { name: 'paid for' } });
    },
  },
);
process.exit(0);
