/** `npm run ledger:audit`: recomputes every invariant of the ledger; exits with 1 and the differences when one is broken. */
import { auditLedger } from '@/server/credits/ledger/audit';
import { closeDatabase, db, openDatabase } from '@/server/platform/db';

await openDatabase();
const differences = await auditLedger(db());
for (const { organizationId, rule, detail } of differences) console.error(`${organizationId}: ${rule}: ${detail}`);
console.log(differences.length === 0 ? 'The ledger adds up.' : `${differences.length} differences`);
await closeDatabase();
process.exit(differences.length === 0 ? 0 : 1);
