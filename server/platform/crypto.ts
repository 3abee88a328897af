import 'server-only';
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from './env';
import { AppError } from './errors';
import { newSecret } from './ids';

/** AES-256-GCM (NIST SP 800-38D): 12-byte nonce, 16-byte tag, both stored before the ciphertext. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts a secret for the database. `context` (whose secret it is) is authenticated with it: a row copied to another
 * owner does not decrypt.
 */
export function encryptSecret(plain: string, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', encryptionKey(), nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** @throws AppError `internal` when the bytes were changed, belong to another context, or another key encrypted them. */
export function decryptSecret(stored: Uint8Array, context: string): string {
  const bytes = Buffer.from(stored);
  try {
    const decipher = createDecipheriv('aes-256-gcm', encryptionKey(), bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new AppError('internal', 'a stored secret does not decrypt: was APP_ENCRYPTION_KEY changed?', {
      cause,
      userMessage: 'A stored key can no longer be read. Remove it and enter it again.',
    });
  }
}

/** Tells whether two secrets are the same without keeping either: HMAC-SHA-256 by APP_ENCRYPTION_KEY, in hex. */
export function fingerprint(secret: string, context: string): string {
  return createHmac('sha256', encryptionKey()).update(`${context}\0${secret}`).digest('hex');
}

/** 32 bytes from APP_ENCRYPTION_KEY. Outside production one is made once and kept in the data folder, readable by its owner. */
function encryptionKey(): Buffer {
  const { APP_ENCRYPTION_KEY, DATA_DIR } = env();
  return createHash('sha256')
    .update(APP_ENCRYPTION_KEY ?? keptKey(DATA_DIR))
    .digest();
}

function keptKey(directory: string): string {
  const path = join(directory, 'encryption-key');
  mkdirSync(directory, { recursive: true });
  if (!existsSync(path)) writeFileSync(path, newSecret(), { mode: 0o600, flag: 'wx' });
  return readFileSync(path, 'utf8');
}
