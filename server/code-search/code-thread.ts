import 'server-only';
import type { Chunk } from './chunk';
import { chunkFile } from './chunk-file';
import type { RepoMapInput } from './render-map';
import { buildRepoMap } from './repo-map';

export type CodeQuestion = { chunk: { path: string; text: string } } | { map: RepoMapInput };

/** What the thread that reads code answers. */
export function handle(question: CodeQuestion): Promise<Chunk[] | string> {
  return 'chunk' in question ? chunkFile(question.chunk.path, question.chunk.text) : buildRepoMap(question.map);
}
