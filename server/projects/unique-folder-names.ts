import 'server-only';
import { collisionKey, pathProblem } from '@/server/workspace/edits/paths';

/** Folder names that are safe on every system and never two alike. */
export class UniqueFolderNames {
  private readonly taken = new Set<string>();

  give(title: string): string {
    const bare = title
      .normalize('NFKC')
      .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '')
      .slice(0, 60);
    const base = bare === '' || pathProblem(bare) !== null ? 'untitled' : bare;
    let name = base;
    for (let number = 2; this.taken.has(collisionKey(name)); number++) name = `${base}-${number}`;
    this.taken.add(collisionKey(name));
    return name;
  }
}
