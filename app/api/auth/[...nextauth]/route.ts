export { handleAuth as GET, handleAuth as POST } from '@/server/api/http/auth-handler';

export const dynamic = 'force-dynamic';
