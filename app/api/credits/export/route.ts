import { handleLedgerCsv } from '@/server/api/http/ledger-csv-handler';

export const dynamic = 'force-dynamic';
export const runtime = 'nodejs';

export const GET = handleLedgerCsv;
