/** Text that Postgres can store: no NUL, no lone surrogates. Safe for the browser. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Path of the first text in a JSON value that cannot be stored, null when all can. Keys count too. */
export function unstorablePath(value: unknown, path = ''): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, part] of Object.entries(value)) {
    const here = path === '' ? key : `${path}.${key}`;
    if (!isStorable(key)) return path;
    const found = unstorablePath(part, here);
    if (found !== null) return found;
  }
  return null;
}
