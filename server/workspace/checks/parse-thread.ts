import 'server-only';
import { type FileReport, fileReport } from './file-problem';

/** What the thread of the parse check answers, with the milliseconds that it took. */
export async function handle({ path, text }: { path: string; text: string }): Promise<FileReport & { ms: number }> {
  const started = performance.now();
  return { ...(await fileReport(path, text)), ms: performance.now() - started };
}
