/** A folder tree from flat paths. Pure. */

export interface TreeFile {
  kind: 'file';
  name: string;
  path: string;
  size: number;
}
export interface TreeFolder {
  kind: 'folder';
  name: string;
  path: string;
  children: TreeNode[];
}
export type TreeNode = TreeFile | TreeFolder;

function sorted(nodes: TreeNode[]): TreeNode[] {
  return nodes
    .map((node) => (node.kind === 'folder' ? { ...node, children: sorted(node.children) } : node))
    .sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name, 'en') : a.kind === 'folder' ? -1 : 1));
}

/** Folders first, then files, each by name. */
export function buildTree(files: readonly { path: string; size: number }[]): TreeNode[] {
  const root: TreeFolder = { kind: 'folder', name: '', path: '', children: [] };
  const folders = new Map<string, TreeFolder>([['', root]]);
  const folderAt = (path: string): TreeFolder => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf('/');
    const made: TreeFolder = { kind: 'folder', name: path.slice(cut + 1), path, children: [] };
    folders.set(path, made);
    folderAt(cut === -1 ? '' : path.slice(0, cut)).children.push(made);
    return made;
  };
  for (const { path, size } of files) {
    const cut = path.lastIndexOf('/');
    folderAt(cut === -1 ? '' : path.slice(0, cut)).children.push({
      kind: 'file',
      name: path.slice(cut + 1),
      path,
      size,
    });
  }
  return sorted(root.children);
}
