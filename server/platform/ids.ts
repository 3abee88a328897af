import 'server-only';
import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** A UUID version 7 (RFC 9562): sortable by creation time. */
export function newId(): string {
  return v7();
}

/** A random secret with 256 bits of entropy, URL-safe. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
