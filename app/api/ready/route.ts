export { handleReady as GET } from '@/server/api/http/health-handler';

export const dynamic = 'force-dynamic';
