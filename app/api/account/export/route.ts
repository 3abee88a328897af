import { handleAccountExport } from '@/server/api/http/account-export-handler';

export const dynamic = 'force-dynamic';
export const runtime = 'nodejs';

export const GET = handleAccountExport;
