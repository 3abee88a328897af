import 'server-only';

/** A browser says where a request comes from: other sites may not act with this site's cookies. */
export function sameOrigin(request: Request): boolean {
  const origin = request.headers.get('origin');
  if (origin === null) return true;
  return URL.canParse(origin) && new URL(origin).host === request.headers.get('host');
}

/** The same, where a request without the header is refused too: for what no secret of the page itself protects. */
export function provenSameOrigin(request: Request): boolean {
  return request.headers.has('origin') && sameOrigin(request);
}
