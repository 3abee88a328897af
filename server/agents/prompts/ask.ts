import { dataSection, fileSection } from '@/server/models/prompt-format';
import { DATA_RULE, joinSections, type Prompt, roleHeader } from './common';

export const ASK_VERSION = 'ask-1';

export interface AskInput {
  description: string;
  question: string;
  history: { role: string; text: string }[];
  plan: string;
  paths: string[];
  hits: { path: string; startLine: number; endLine: number; content: string }[];
}

export function askPrompt(input: AskInput): Prompt {
  return {
    version: ASK_VERSION,
    system: `${roleHeader('ask')}
Answer a question about the project from the data below, briefly, citing file and line. Say so when the data does not show it.
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', input.description),
      input.plan === '' ? null : dataSection('PLAN', input.plan),
      input.paths.length === 0 ? null : dataSection('PATHS', input.paths.join('\n')),
      ...input.hits.map(({ path, startLine, endLine, content }) =>
        fileSection(`${path}:${startLine}-${endLine}`, content),
      ),
      input.history.length === 0
        ? null
        : dataSection('CONVERSATION', input.history.map(({ role, text }) => `${role}: ${text}`).join('\n')),
      dataSection('QUESTION', input.question),
    ]),
  };
}
