/**
 * How data (files, search hits, check output) is laid out inside a prompt: a labelled heading and a fence longer than any
 * run of backticks in the content, so that nothing in the data can close it. Shared by agents (writing) and the offline
 * demo model (reading).
 */

/** One file as data. */
export function fileSection(path: string, content: string): string {
  return dataSection(`FILE ${path}`, content);
}

/** Any labelled data. The label is one line. */
export function dataSection(label: string, content: string): string {
  const fence = fenceFor(content);
  const body = content.endsWith('\n') || content === '' ? content : `${content}\n`;
  return `### ${label.replaceAll(/[\r\n]+/g, ' ')}\n${fence}\n${body}${fence}\n`;
}

export interface DataSection {
  label: string;
  content: string;
}

/** Reads back every section that `dataSection` wrote. */
export function parseSections(text: string): DataSection[] {
  const sections: DataSection[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length - 1; i++) {
    const heading = /^### (.+)$/.exec(lines[i] ?? '');
    const open = /^(`{3,})$/.exec(lines[i + 1] ?? '');
    const label = heading?.[1];
    const fence = open?.[1];
    if (label === undefined || fence === undefined) continue;
    const end = lines.indexOf(fence, i + 2);
    if (end < 0) break;
    const content = lines.slice(i + 2, end).join('\n');
    sections.push({ label, content: content === '' ? '' : `${content}\n` });
    i = end;
  }
  return sections;
}

/** The files among the sections, by path. */
export function parseFileSections(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const { label, content } of parseSections(text)) {
    if (label.startsWith('FILE ')) files.set(label.slice('FILE '.length), content);
  }
  return files;
}

function fenceFor(content: string): string {
  let longest = 2;
  for (const run of content.matchAll(/`+/g)) longest = Math.max(longest, run[0].length);
  return '`'.repeat(longest + 1);
}
