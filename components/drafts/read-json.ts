import type { z } from 'zod';

/** A draft that holds more than a text; null when there is none, or none that can be read. */
export function readJson<T>(schema: z.ZodType<T>, text: string): T | null {
  if (text === '') return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
