import { handleSwitchOrganization } from '@/server/api/http/switch-organization-handler';

export const dynamic = 'force-dynamic';

export const POST = handleSwitchOrganization;
