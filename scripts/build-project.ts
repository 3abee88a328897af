/** `npm run build:project -- "description or example name" --out DIR`: the main job from the command line. */
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { parseCredits } from '@/server/credits/schema';
import {
  type BuildOptions,
  type BuildOutcome,
  buildProjectLocally,
  REJECT_CHOICES,
  type RejectChoice,
} from '@/server/jobs/build-project';
import { demoProjects } from '@/server/models/demo/catalogue';
import { modelRefSchema } from '@/server/models/schema';
import { closeDatabase } from '@/server/platform/db';
import { EnvError, env } from '@/server/platform/env';
import { isAppError } from '@/server/platform/errors';
import { stopQueue } from '@/server/platform/queue';

const EXIT = { completed: 0, arguments: 2, paused: 3, failed: 4 } as const;
const USAGE = `usage: npm run build:project -- "description or example name" --out DIR [--model provider:model] [--budget CREDITS] [--yes]
       npm run build:project -- --resume PROJECT_ID --out DIR [--budget CREDITS] [--yes]
       --on-reject retry|accept|skip  what to do with a task that was not approved, once for each task
       --flat                         a ZIP without a folder at the top
examples: ${demoProjects()
  .map(({ slug }) => slug)
  .join(', ')}`;

const BUDGET = '--budget must be an amount of credits such as 2.5';

function wrong(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(EXIT.arguments);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        model: { type: 'string' },
        budget: { type: 'string' },
        resume: { type: 'string' },
        'on-reject': { type: 'string' },
        flat: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : 'wrong arguments';
    // Node takes "-3" for an option and explains how to escape it.
    return wrong(/'--budget/.test(message) ? BUDGET : message);
  }
}

/** One line from the person. @returns null without a terminal, and when they leave the question with Ctrl+C or Ctrl+D */
async function readAnswer(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await reader.question(`${question} `)).trim().toLowerCase();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return null;
    throw error;
  } finally {
    reader.close();
  }
}

async function ask(question: string, yes: boolean): Promise<boolean> {
  return yes || /^y(es)?$/.test((await readAnswer(`${question} [y/N]`)) ?? '');
}

/** Asks until one of the choices is named. @returns null without an answer */
async function decide(question: string): Promise<RejectChoice | null> {
  for (;;) {
    const answer = await readAnswer(question);
    const choice = REJECT_CHOICES.find((name) => name === answer);
    if (choice !== undefined || answer === null) return choice ?? null;
  }
}

/** Whether a directory is there or can be made: the nearest thing that exists on the way to it is a directory. */
function canBeDirectory(path: string): boolean {
  return existsSync(path) ? statSync(path).isDirectory() : canBeDirectory(dirname(path));
}

function checkedOptions(): BuildOptions {
  const { positionals, values } = readArguments();
  const [text] = positionals;
  if (values.out === undefined) return wrong('--out DIR is missing');
  if (!canBeDirectory(resolve(values.out))) wrong(`--out must be a directory: ${values.out} is, or lies below, a file`);
  if (positionals.length > 1 || (text === undefined) === (values.resume === undefined))
    wrong('give one description or example name, or --resume');
  if (values.model !== undefined && values.resume !== undefined)
    wrong('--resume goes on with the model of the project');
  if (values.model !== undefined && !modelRefSchema.safeParse(values.model).success)
    wrong('--model must be provider:model');
  const budgetMicro = values.budget === undefined ? null : parseCredits(values.budget);
  if (values.budget !== undefined && budgetMicro === null) wrong(BUDGET);
  const onReject = REJECT_CHOICES.find((name) => name === values['on-reject']) ?? null;
  if (values['on-reject'] !== undefined && onReject === null)
    wrong(`--on-reject must be one of ${REJECT_CHOICES.join(', ')}`);
  const example = demoProjects().find(({ slug }) => slug === text)?.slug ?? null;
  return {
    description: example === null ? (text ?? null) : null,
    example,
    resume: values.resume ?? null,
    out: values.out,
    model: values.model ?? null,
    budgetMicro,
    flat: values.flat,
    onReject,
    decide,
    confirm: (question) => ask(question, values.yes),
    print: (line) => console.log(line),
  };
}

/** Goes on where this one ended when it is pasted into a shell; what the person has to fill in is in capitals. */
function resumeCommand({ projectId, needs }: BuildOutcome, { out, flat }: BuildOptions): string {
  const quoted = /^[\w./-]+$/.test(out) ? out : `'${out.replaceAll("'", "'\\''")}'`;
  const more = [flat ? ' --flat' : '', needs === undefined ? '' : ` ${needs}`].join('');
  return `npm run build:project -- --resume ${projectId} --out ${quoted}${more} --yes`;
}

/** Refusals that another argument would have avoided; nothing was spent. */
const WRONG_ARGUMENT = new Set(['invalid_input', 'not_found', 'model_not_available', 'model_not_priced']);

async function main(): Promise<number> {
  const options = checkedOptions();
  try {
    env();
    const outcome = await buildProjectLocally(options);
    if (outcome.kind === 'paused')
      console.error(`\nPaused: ${outcome.reason ?? ''}\nResume: ${resumeCommand(outcome, options)}`);
    if (outcome.kind === 'failed') console.error(`\nFailed: ${outcome.reason ?? ''}`);
    return EXIT[outcome.kind];
  } catch (error) {
    console.error(isAppError(error) ? error.userMessage : error);
    const argument = error instanceof EnvError || (isAppError(error) && WRONG_ARGUMENT.has(error.code));
    return argument ? EXIT.arguments : EXIT.failed;
  } finally {
    await stopQueue();
    await closeDatabase();
  }
}

process.exit(await main());
