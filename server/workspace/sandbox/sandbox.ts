import 'server-only';

/** Bounds of one command. */
export interface SandboxLimits {
  /** Wall clock, milliseconds. */
  timeoutMs: number;
  /** Memory all its processes may hold together, bytes; no single one may allocate more either. */
  memoryBytes: number;
  processes: number;
  /** Largest file a process may write, bytes. */
  fileBytes: number;
  /** Output kept, bytes; the command is killed when it writes far more. */
  outputBytes: number;
}

export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  timeoutMs: 120_000,
  memoryBytes: 2 * 1024 ** 3,
  processes: 256,
  fileBytes: 64 * 1024 ** 2,
  outputBytes: 64 * 1024,
};

export interface SandboxCommand {
  /** The project folder: the only writable place, seen as /project inside. */
  directory: string;
  /** A shell command line, as the plan has it. */
  command: string;
  limits: SandboxLimits;
  signal?: AbortSignal | undefined;
}

export interface CommandOutcome {
  exitCode: number | null;
  /** Why it was ended from outside, if it was. */
  ended: 'timeout' | 'aborted' | 'output' | 'memory' | 'processes' | null;
  durationMs: number;
  output: string;
}

/** Where generated code runs: never in the app's process. A remote micro-VM service is another driver of this interface. */
export interface Sandbox {
  readonly id: string;
  /** Null when it works here, else the reason it does not, for people. */
  unavailable(): Promise<string | null>;
  run(command: SandboxCommand): Promise<CommandOutcome>;
}
