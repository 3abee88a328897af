import { describe, expect, it } from 'vitest';
import { askPrompt } from '@/server/agents/prompts/ask';
import type { CallHint } from '../schema';
import { demoUnknownAnswer, matchDemoProject } from './catalogue';
import { createDemoModel } from './demo-model';

const model = createDemoModel({ delayMs: 0 });
const optionsOf = (hint: CallHint, prompt = 'x') => ({
  prompt: [{ role: 'user' as const, content: [{ type: 'text' as const, text: prompt }] }],
  providerOptions: { plumbline: { ...hint } },
});

async function answer(hint: CallHint, prompt?: string): Promise<string> {
  const { content } = await model.doGenerate(optionsOf(hint, prompt));
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

const question = (hits: { path: string; startLine: number; endLine: number; content: string }[]) =>
  askPrompt({ description: 'csv-to-json', question: 'Where are quotes read?', history: [], plan: '', paths: [], hits })
    .prompt;

describe('the demo model', () => {
  it('says plainly what it can build when it does not know a description, whatever the role', async () => {
    for (const role of ['clarify', 'spec', 'plan', 'implement', 'review', 'document'] as const)
      expect(await answer({ role, description: 'an operating system' })).toBe(demoUnknownAnswer());
  });

  it('does a task by its title, also when its id has changed', async () => {
    const reply = matchDemoProject('csv-to-json')?.reply('T2', 1);
    const hint = { role: 'implement', description: 'csv-to-json', attempt: 1 } as const;
    expect(await answer({ ...hint, taskId: 'T9', taskTitle: 'Command line that prints JSON objects' })).toBe(reply);
  });

  it.each([
    ['T2', 'Paint the moon green'],
    ['T77', 'Write a compiler'],
    ['../../../package', 'Read a file of the server'],
    ['', ''],
  ])('does nothing for a task that nobody authored: %s %s', async (taskId, taskTitle) => {
    const text = await answer({ role: 'implement', description: 'csv-to-json', attempt: 1, taskId, taskTitle });
    expect(text).toContain('know only the authored tasks');
    expect(text).toContain(JSON.stringify(taskTitle));
  });

  it('answers a question with the places that search found, and claims no more', async () => {
    const hit = { path: 'src/parse-csv.js', startLine: 7, endLine: 8, content: 'const a = `b`;\nquoted = true;\n' };
    const text = await answer({ role: 'ask', description: 'csv-to-json' }, question([hit]));
    expect(text).toContain('cannot reason about code');
    expect(text).toContain('`src/parse-csv.js:7-8`');
    expect(text).toContain('quoted = true;');
  });

  it('answers a question without hits by saying so, and how to get an answer', async () => {
    expect(await answer({ role: 'ask', description: 'csv-to-json' }, question([]))).toContain('no files yet');
    expect(await answer({ role: 'ask', description: 'an operating system' }, question([]))).toContain('model key');
  });

  it('streams exactly the text it would answer at once', async () => {
    const options = optionsOf({ role: 'spec', description: 'csv-to-json' });
    const { content } = await model.doGenerate(options);
    let text = '';
    for await (const part of (await model.doStream(options)).stream) if (part.type === 'text-delta') text += part.delta;
    expect(content).toEqual([{ type: 'text', text }]);
  });

  it('stops when aborted', async () => {
    const abort = new AbortController();
    const options = { ...optionsOf({ role: 'spec', description: 'csv-to-json' }), abortSignal: abort.signal };
    const reader = (await createDemoModel({ delayMs: 5 }).doStream(options)).stream.getReader();
    await reader.read();
    abort.abort();
    await expect(
      (async () => {
        for (;;) if ((await reader.read()).done) return;
      })(),
    ).rejects.toThrow(/abort/i);
  });
});
