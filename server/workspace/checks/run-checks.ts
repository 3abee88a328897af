import 'server-only';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Client } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { cannotPrepare, openFolder } from '../sandbox/folder';
import { sandboxLimits } from '../sandbox/sandbox';
import type { SandboxChoice } from '../sandbox/select-sandbox';
import type { CheckKind, CheckOutcome } from '../schema';
import { checkParse } from './parse-check';
import { showInvisible } from './visible-text';

export interface RunChecksInput {
  files: ReadonlyMap<string, string>;
  changed: readonly string[];
  commands: Partial<Record<Exclude<CheckKind, 'parse'>, string | undefined>>;
  execution: SandboxChoice;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  onOutcome?: ((outcome: CheckOutcome) => Promise<void>) | undefined;
}

const ORDER = ['install', 'build', 'typecheck', 'test'] as const;

/** Parses the changed files, then runs the plan's commands in a fresh copy of the project, stopping at the first failure. */
export async function runChecks(input: RunChecksInput): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  const add = async (made: CheckOutcome) => {
    // What a command printed is read by people and by the reviewer: neither may be shown something else than what it holds.
    const outcome = { ...made, output: showInvisible(made.output) };
    outcomes.push(outcome);
    await input.onOutcome?.(outcome);
  };
  await add(await checkParse(input.files, input.changed, { signal: input.signal }));
  const commands = ORDER.flatMap((kind) => (input.commands[kind] ? [{ kind, command: input.commands[kind] }] : []));
  if (commands.length === 0) return outcomes;
  const { sandbox, reason } = input.execution;
  if (sandbox === null || outcomes[0]?.status === 'failed') {
    for (const { kind, command } of commands) {
      // What could not run is not required: the manifest says that it did not run.
      await add(
        skipped(
          kind,
          command,
          sandbox === null ? (reason ?? 'execution is off') : 'skipped: the files do not parse',
          sandbox === null ? 'off' : 'none',
        ),
      );
    }
    return outcomes;
  }
  const folder = await openFolder();
  try {
    await writeProject(folder.path, input.files).catch((error: unknown) => {
      throw cannotPrepare(error);
    });
    let failed = false;
    for (const { kind, command } of commands) {
      if (failed) {
        await add(skipped(kind, command, 'skipped: an earlier check failed', sandbox.id));
        continue;
      }
      const limits = sandboxLimits(input.timeoutMs);
      const result = await sandbox.run({ directory: folder.path, command, limits, signal: input.signal });
      failed = result.exitCode !== 0;
      await add({
        kind,
        command,
        status: result.ended === 'aborted' ? 'error' : failed ? 'failed' : 'passed',
        required: true,
        exitCode: result.exitCode,
        durationMs: result.durationMs,
        output: result.output,
        sandbox: sandbox.id,
      });
    }
  } finally {
    await folder.remove();
  }
  return outcomes;
}

function skipped(kind: CheckKind, command: string, output: string, sandbox: string): CheckOutcome {
  return { kind, command, status: 'skipped', required: false, exitCode: null, durationMs: 0, output, sandbox };
}

/** Paths were checked when the snapshot was made: none leaves the folder. */
export async function writeProject(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, content] of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

export interface CheckOwner {
  organizationId: string;
  projectId: string;
  runId: string | null;
  taskId: string | null;
  snapshotId: string;
  attempt: number;
}

/** Stores the results for exactly that snapshot. */
export async function saveCheckResults(
  client: Client,
  owner: CheckOwner,
  outcomes: readonly CheckOutcome[],
): Promise<void> {
  await client.checkResult.createMany({ data: outcomes.map((outcome) => ({ id: newId(), ...owner, ...outcome })) });
}
