import { dataSection, fileSection } from '@/server/models/prompt-format';
import { DATA_RULE, joinSections, type Prompt, roleHeader } from './common';

export const DOCUMENT_VERSION = 'document-2';

export interface DocumentInput {
  description: string;
  title: string;
  spec: string;
  checks: string[];
  /** Tasks of the plan that were not built. */
  skipped: string[];
  files: { path: string; content: string }[];
}

export function documentPrompt(input: DocumentInput): Prompt {
  return {
    version: DOCUMENT_VERSION,
    system: `${roleHeader('document')}
Write README.md for the finished project, from its real files: what it is, how to run it, how to use it with examples that work,
how to run its tests, how it is laid out. Name nothing that is not in the files. Promise nothing of what was SKIPPED. Answer with the Markdown only.
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', input.description),
      dataSection('TITLE', input.title),
      dataSection('SPEC', input.spec),
      dataSection('CHECKS', input.checks.join('\n')),
      ...(input.skipped.length === 0 ? [] : [dataSection('SKIPPED', input.skipped.join('\n'))]),
      ...input.files.map(({ path, content }) => fileSection(path, content)),
    ]),
  };
}
