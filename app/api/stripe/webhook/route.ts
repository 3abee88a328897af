export { handleStripeWebhook as POST } from '@/server/api/http/stripe-webhook-handler';

export const dynamic = 'force-dynamic';
