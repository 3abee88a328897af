/** A copy of JSON without the characters that Postgres cannot store: zeros and halves of surrogate pairs. */
export function storable(value: unknown): unknown {
  if (typeof value === 'string') return withoutUnstorable(value);
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [withoutUnstorable(key), storable(inner)]));
}

function withoutUnstorable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
