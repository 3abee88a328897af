/** A copy of JSON without the characters that Postgres cannot store: zeros and halves of surrogate pairs. */
export function postgresSafeJson(value: unknown): unknown {
  if (typeof value === 'string') return withoutUnstorable(value);
  if (Array.isArray(value)) return value.map(postgresSafeJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [withoutUnstorable(key), postgresSafeJson(inner)]),
  );
}

function withoutUnstorable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
