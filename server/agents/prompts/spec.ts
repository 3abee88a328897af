import { dataSection } from '@/server/models/prompt-format';
import { DATA_RULE, joinSections, type Prompt, roleHeader } from './common';

export const SPEC_VERSION = 'spec-1';

export interface SpecInput {
  description: string;
  answers: { question: string; answer: string }[];
  notes: string[];
}

export function specPrompt({ description, answers, notes }: SpecInput): Prompt {
  return {
    version: SPEC_VERSION,
    system: `${roleHeader('spec')}
You are the architect of a small software project. Write its specification, SPEC.md, in Markdown, at most 900 words: what it does,
who uses it, how it is used (commands, pages, requests with examples), data, errors, what it does not do. Prefer the plainest
technology that does the job, without dependencies where the standard library is enough. Answer with the Markdown only.
${DATA_RULE}`,
    prompt: joinSections([
      dataSection('DESCRIPTION', description),
      answers.length > 0
        ? dataSection('ANSWERS', answers.map(({ question, answer }) => `- ${question}\n  ${answer}`).join('\n'))
        : null,
      notes.length > 0 ? dataSection('NOTES', notes.join('\n\n')) : null,
    ]),
  };
}
