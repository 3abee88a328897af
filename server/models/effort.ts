import type { Quality } from '@/server/models/schema';

/** How much a reasoning model is asked to think, in the AI SDK's words. */
export type Effort = 'low' | 'medium' | 'high';

/** What a quality asks for. */
const EFFORT: Record<Quality, Effort> = { fast: 'low', enhanced: 'medium', premium: 'high' };

/** What a model is asked for at a quality; null where it does not think before it answers. */
export function effortOf(model: { reasoning: boolean }, quality: Quality): Effort | null {
  return model.reasoning ? EFFORT[quality] : null;
}
