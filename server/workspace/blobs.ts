import 'server-only';
import { createHash } from 'node:crypto';
import { Prisma } from '@/prisma/generated/client';
import type { Client } from '@/server/platform/db';

/** One statement's share: bounds what the driver and the database hold at once. */
const BATCH_ROWS = 200;
const BATCH_BYTES = 4 * 1024 * 1024;

/** Where file contents live. Postgres is the default; another driver implements the same three calls. */
export interface BlobStore {
  /** Stores contents, each once. @returns sha-256 in hex for each, in order. */
  putMany(client: Client, organizationId: string, contents: readonly Buffer[]): Promise<string[]>;
  getMany(client: Client, organizationId: string, sha256s: readonly string[]): Promise<Map<string, Buffer>>;
}

export function sha256Of(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

export const postgresBlobs: BlobStore = {
  async putMany(client, organizationId, contents) {
    const hashes = contents.map((content) => sha256Of(content));
    const rows = new Map<string, Buffer>();
    for (const [i, content] of contents.entries()) rows.set(hashes[i] ?? '', content);
    let batch: { organizationId: string; sha256: string; size: number; content: Uint8Array<ArrayBuffer> }[] = [];
    let bytes = 0;
    const flush = async () => {
      if (batch.length > 0) await client.blob.createMany({ data: batch, skipDuplicates: true });
      batch = [];
      bytes = 0;
    };
    for (const [sha256, content] of rows) {
      if (batch.length >= BATCH_ROWS || (bytes > 0 && bytes + content.length > BATCH_BYTES)) await flush();
      batch.push({ organizationId, sha256, size: content.length, content: new Uint8Array(content) });
      bytes += content.length;
    }
    await flush();
    return hashes;
  },
  async getMany(client, organizationId, sha256s) {
    const wanted = [...new Set(sha256s)];
    const found = new Map<string, Buffer>();
    if (wanted.length === 0) return found;
    // As base64 text: the drivers take several times longer to hand over binary columns (bench/archive.ts).
    const rows = await client.$queryRaw<{ sha256: string; content: string }[]>`
      SELECT "sha256", encode("content", 'base64') AS "content" FROM "Blob"
      WHERE "organizationId" = ${organizationId} AND "sha256" IN (${Prisma.join(wanted)})`;
    for (const row of rows) found.set(row.sha256, Buffer.from(row.content, 'base64'));
    return found;
  },
};
