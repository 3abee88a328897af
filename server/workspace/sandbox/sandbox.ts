import 'server-only';
import { env } from '@/server/platform/env';

/** Bounds of one command. */
export interface SandboxLimits {
  /** Wall clock, milliseconds. */
  timeoutMs: number;
  /** Memory all its processes may hold together, bytes: private, shared, and files in memory. */
  memoryBytes: number;
  /** Processes at once. Threads are bounded at twice as many. */
  processes: number;
  /** Largest file a process may write, bytes. */
  fileBytes: number;
  /** Bytes the command may add to its folder, deleted files that are still open included. */
  writtenBytes: number;
  /** Files and folders the command may add to its folder and to its temporary folders. */
  files: number;
  /** Output kept, bytes; the command is killed when it writes far more. */
  outputBytes: number;
}

const MIB = 1024 ** 2;

export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  timeoutMs: 120_000,
  memoryBytes: 2048 * MIB,
  processes: 256,
  fileBytes: 64 * MIB,
  writtenBytes: 1024 * MIB,
  files: 20_000,
  outputBytes: 64 * 1024,
};

/** The limits an operator has set (`SANDBOX_*`). */
export function sandboxLimits(timeoutMs: number): SandboxLimits {
  const { SANDBOX_MEMORY_MB, SANDBOX_PROCESSES, SANDBOX_FILE_MB, SANDBOX_WRITE_MB, SANDBOX_FILES } = env();
  return {
    timeoutMs,
    memoryBytes: SANDBOX_MEMORY_MB * MIB,
    processes: SANDBOX_PROCESSES,
    fileBytes: SANDBOX_FILE_MB * MIB,
    writtenBytes: SANDBOX_WRITE_MB * MIB,
    files: SANDBOX_FILES,
    outputBytes: DEFAULT_SANDBOX_LIMITS.outputBytes,
  };
}

export interface SandboxCommand {
  /** The project folder: the only writable place that stays, seen as /project inside. */
  directory: string;
  /** A shell command line, as the plan has it. */
  command: string;
  limits: SandboxLimits;
  signal?: AbortSignal | undefined;
}

export interface CommandOutcome {
  exitCode: number | null;
  /** Why it was ended from outside, if it was. */
  ended: 'timeout' | 'aborted' | 'output' | 'memory' | 'processes' | 'disk' | 'unwatched' | null;
  durationMs: number;
  /** Plain text, without paths of the host. */
  output: string;
}

/** Where generated code runs: never in the app's process. A remote micro-VM service is another driver of this interface. */
export interface Sandbox {
  readonly id: string;
  /** Null when it works here, else the reason it does not, for people. */
  unavailable(): Promise<string | null>;
  run(command: SandboxCommand): Promise<CommandOutcome>;
}
