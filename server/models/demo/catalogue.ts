import 'server-only';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { describes, type Matchable } from './match-description';

/** The authored projects of the offline demo, read once from files beside this one. */
const DIRECTORY = join(process.cwd(), 'server/models/demo/projects');

const projectFileSchema = z.object({
  title: z.string(),
  description: z.string(),
  /** The example's text as the user sends it. */
  prompt: z.string(),
  /** See `Matchable`: which free descriptions mean this project. */
  phrases: z.array(z.string()).min(1),
  excludes: z.array(z.string()),
  stack: z.array(z.string()).min(1),
  position: z.number(),
});

const reviewFileSchema = z.object({
  /** Where the evidence for a criterion stands: a text to find in a file. */
  evidence: z.record(z.string(), z.object({ file: z.string(), find: z.string(), says: z.string() })),
  /** Known defects of first attempts: found in the files of the prompt, or not at all. */
  defects: z.array(
    z.object({
      task: z.string(),
      criterion: z.string(),
      file: z.string(),
      find: z.string(),
      problem: z.string(),
      fix: z.string(),
    }),
  ),
});

const planFileSchema = z.object({
  tasks: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      criteria: z.array(z.object({ id: z.string(), text: z.string() })),
    }),
  ),
});

export interface DemoProject extends Matchable {
  slug: string;
  title: string;
  description: string;
  prompt: string;
  clarify: string;
  spec: string;
  plan: string;
  readme: string;
  tasks: z.infer<typeof planFileSchema>['tasks'];
  review: z.infer<typeof reviewFileSchema>;
  /** Reply of attempt n of a task; later attempts repeat the last one. */
  reply(taskId: string, attempt: number): string | null;
}

let cached: DemoProject[] | undefined;

export function loadDemoProjects(): DemoProject[] {
  cached ??= readdirSync(DIRECTORY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ ...readProject(entry.name) }))
    .sort((a, b) => a.position - b.position);
  return cached;
}

function readProject(slug: string): DemoProject & { position: number } {
  const read = (name: string) => readFileSync(join(DIRECTORY, slug, name), 'utf8');
  const plan = read('plan.json');
  const spec = read('spec.md');
  const facts = projectFileSchema.parse(JSON.parse(read('project.json')));
  const { tasks } = planFileSchema.parse(JSON.parse(plan));
  return {
    slug,
    ...facts,
    about: [facts.title, facts.description, facts.prompt, spec, ...tasks.map(({ title }) => title)].join(' '),
    clarify: read('clarify.json'),
    spec,
    plan,
    readme: read('README.md'),
    tasks,
    review: reviewFileSchema.parse(JSON.parse(read('review.json'))),
    reply: (taskId, attempt) => {
      for (let n = attempt; n > 0; n--) {
        const name = `${taskId}.${n}.md`;
        if (/^T\d+$/.test(taskId) && existsSync(join(DIRECTORY, slug, name))) return read(name);
      }
      return null;
    },
  };
}

export interface DemoExample {
  slug: string;
  title: string;
  description: string;
  prompt: string;
}

/** The examples as shown to people. */
export function demoProjects(): DemoExample[] {
  return loadDemoProjects().map(({ slug, title, description, prompt }) => ({ slug, title, description, prompt }));
}

/** The project a description means: an example's text, slug or title, or free words that mean it and no other. */
export function matchDemoProject(description: string): DemoProject | null {
  const text = description.trim().toLowerCase();
  const projects = loadDemoProjects();
  const exact = projects.find(({ prompt, slug, title }) =>
    [prompt, slug, title].some((name) => name.trim().toLowerCase() === text),
  );
  if (exact !== undefined) return exact;
  const found = projects.filter((project) => describes(description, project));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** What the demo answers to a description it does not know. */
export function demoUnknownAnswer(): string {
  const list = loadDemoProjects()
    .map(({ title, description }) => `- **${title}**: ${description}`)
    .join('\n');
  return `This instance has no model key, so the offline **demo model** answers, and it cannot build this. It knows these projects:

${list}

Start one of them from the examples, or set a key and restart: \`OPENAI_API_KEY\`, \`GOOGLE_API_KEY\`, \`ANTHROPIC_API_KEY\`,
\`OPENROUTER_API_KEY\`, or \`OPENAI_COMPATIBLE_BASE_URL\` with \`OPENAI_COMPATIBLE_MODELS\` (Ollama, vLLM, LM Studio). Nothing was charged.`;
}
