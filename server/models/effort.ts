import type { Quality } from '@/server/models/schema';

/** How much a reasoning model is asked to think, in the AI SDK's words. */
export type Effort = 'low' | 'medium' | 'high';

/** What a quality asks for. */
export const EFFORT: Record<Quality, Effort> = { fast: 'low', enhanced: 'medium', premium: 'high' };
