/** `npm run stripe:replay EVENT_ID`: processes a Stripe event once more; its effects still happen once. */
import { replayEvent } from '@/server/billing/webhook/replay-event';
import { closeDatabase, openDatabase } from '@/server/platform/db';

const [eventId] = process.argv.slice(2);
if (eventId === undefined || !eventId.startsWith('evt_')) {
  console.error('usage: npm run stripe:replay evt_...');
  process.exit(2);
}
await openDatabase();
try {
  const { type, outcome, reason, stored } = await replayEvent(eventId);
  const source = stored ? 'stored here' : 'fetched from Stripe';
  console.log(`${eventId} (${type}, ${source}): ${outcome}${reason === null ? '' : `, ${reason}`}`);
} catch (error) {
  console.error(`${eventId} failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
await closeDatabase();
