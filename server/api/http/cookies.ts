import 'server-only';

/** Reads cookies of a plain request. */
export function cookieReader(request: Request): (name: string) => string | undefined {
  const header = request.headers.get('cookie') ?? '';
  const values = new Map(
    header.split(';').flatMap((part): [string, string][] => {
      const at = part.indexOf('=');
      return at < 0 ? [] : [[part.slice(0, at).trim(), decode(part.slice(at + 1).trim())]];
    }),
  );
  return (name) => values.get(name);
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
