import 'server-only';
import { finished, PassThrough, pipeline, Readable } from 'node:stream';
import { ZipFile } from 'yazl';

/** One file of a ZIP; opened when its turn comes. */
export interface ZipEntry {
  path: string;
  open(): Readable;
}

/** A text that is made piece by piece. */
export function textEntry(path: string, pieces: () => AsyncIterable<string> | Iterable<string>): ZipEntry {
  return { path, open: () => Readable.from(pieces(), { objectMode: false }) };
}

/**
 * A ZIP whose entries are found while it streams: the next is asked for when the one before has been read. Neither the
 * contents nor the list of entries is ever whole in memory. An error on the way destroys the stream: a cut-off ZIP does not open.
 */
export function streamZip(entries: AsyncIterable<ZipEntry>, at: Date): Readable {
  const zip = new ZipFile();
  const output = new PassThrough({ highWaterMark: 256 * 1024 });
  const fail = (error: unknown) => output.destroy(error instanceof Error ? error : new Error(String(error)));
  zip.on('error', fail);
  // When either side ends early the other is destroyed too.
  pipeline(zip.outputStream, output, () => undefined);
  void addAll(zip, output, entries, at).catch(fail);
  return output;
}

async function addAll(zip: ZipFile, output: PassThrough, entries: AsyncIterable<ZipEntry>, at: Date): Promise<void> {
  for await (const { path, open } of entries) {
    if (output.destroyed) return;
    await new Promise<void>((resolve, reject) => {
      // A reader who went away leaves the entry unread: that ends the walk too.
      const release = finished(output, () => resolve());
      zip.addReadStreamLazy(path, { mtime: at, mode: 0o100644, forceDosTimestamp: true }, (give) => {
        const source = open();
        source.once('error', reject);
        source.once('close', () => {
          release();
          resolve();
        });
        give(null, source);
      });
    });
  }
  zip.end();
}
