/** Request header with the path and query that were asked for: Next.js tells a layout neither. Set by `proxy.ts`. */
export const ASKED_PATH = 'x-asked-path';
