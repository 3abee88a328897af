import { dataSection } from '@/server/models/prompt-format';
import { DATA_RULE, type Prompt, roleHeader } from './common';

export const CLARIFY_VERSION = 'clarify-1';

export function clarifyPrompt(input: { description: string }): Prompt {
  return {
    version: CLARIFY_VERSION,
    system: `${roleHeader('clarify')}
You are the architect of a small software project. Read the description. Ask only about choices that change what is built and
that the description leaves open: at most 4 questions, none when it is clear. For each give 2 to 4 short options and what you
will assume when it is not answered. Give the project a short title.
${DATA_RULE}`,
    prompt: dataSection('DESCRIPTION', input.description),
  };
}
