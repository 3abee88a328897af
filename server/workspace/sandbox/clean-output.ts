import 'server-only';

/**
 * What a user may see of a command's output: no terminal colours, no characters a database text cannot hold, and paths as
 * they are inside.
 * @param paths on the host, with what stands for each inside.
 */
export function cleanOutput(text: string, paths: ReadonlyMap<string, string>): string {
  let shown = text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: titles and links a terminal would take
    .replaceAll(/\u001b[\]PX^_][^\u0007\u001b]{0,1000}(?:\u0007|\u001b\\)/g, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is removed
    .replaceAll(/(?:\u001b\[|\u009b)[0-9;:<=>?]*[ -/]*[@-~]/g, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: so are other control characters
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '');
  // The longest first: a folder may lie in another.
  for (const [host, inside] of [...paths].sort(([a], [b]) => b.length - a.length)) {
    shown = shown.replaceAll(host, inside);
  }
  return shown;
}
