import { handleTrpc } from '@/server/api/http/trpc-handler';

export const dynamic = 'force-dynamic';

export { handleTrpc as GET, handleTrpc as POST };
