import 'server-only';
import { createHash } from 'node:crypto';
import type { Client } from '@/server/platform/db';

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
    if (rows.size > 0) {
      await client.blob.createMany({
        data: [...rows].map(([sha256, content]) => ({
          organizationId,
          sha256,
          size: content.length,
          content: new Uint8Array(content),
        })),
        skipDuplicates: true,
      });
    }
    return hashes;
  },
  async getMany(client, organizationId, sha256s) {
    const wanted = [...new Set(sha256s)];
    const found = new Map<string, Buffer>();
    if (wanted.length === 0) return found;
    const rows = await client.blob.findMany({ where: { organizationId, sha256: { in: wanted } } });
    for (const row of rows) found.set(row.sha256, Buffer.from(row.content));
    return found;
  },
};
