import { handleArchive } from '@/server/api/http/archive-handler';

export const dynamic = 'force-dynamic';

interface Params {
  params: Promise<{ projectId: string }>;
}

export async function GET(request: Request, { params }: Params): Promise<Response> {
  return handleArchive(request, (await params).projectId);
}

export async function HEAD(request: Request, { params }: Params): Promise<Response> {
  return handleArchive(request, (await params).projectId);
}
