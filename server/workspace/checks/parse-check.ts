import 'server-only';
import { z } from 'zod';
import { BoundedThread, type ThreadEnd, ThreadError } from '@/server/platform/bounded-thread';
import { logger } from '@/server/platform/logger';
import type { CheckOutcome } from '../schema';

export interface ParseLimits {
  /** Milliseconds that one file may take. */
  fileMs: number;
  /** Milliseconds that all files of one check may take, without the time that other checks are before it. */
  checkMs: number;
}

const DEFAULT_LIMITS: ParseLimits = { fileMs: 5_000, checkMs: 60_000 };
/** Problems that the output of one check lists. */
const MAX_LISTED = 50;

/** Customers' files are parsed here and nowhere else: neither their time nor their memory is the server's. */
const thread = new BoundedThread({
  module: 'server/workspace/checks/parse-thread.ts',
  memoryMb: 512,
  stackMb: 16,
});

const problemSchema = z.object({ line: z.number().int(), message: z.string() }).nullable();
const reportSchema = z.object({ problem: problemSchema, notice: problemSchema, parsed: z.boolean(), ms: z.number() });
type Report = z.infer<typeof reportSchema>;

const NO_ANSWER: Record<ThreadEnd, (fileMs: number) => string> = {
  time: (fileMs) => `it was not parsed within ${fileMs / 1000} s; make it shorter or less nested`,
  memory: () => 'parsing it takes more memory than one file may have; make it shorter or less nested',
  crash: () => 'the parser stopped working on it; make it shorter or less nested',
  failed: () => 'the parser failed on it; write it in a simpler way',
};

async function reportOf(path: string, text: string, fileMs: number, signal?: AbortSignal): Promise<Report> {
  try {
    return await thread.call({ path, text }, reportSchema, { timeoutMs: fileMs, signal });
  } catch (error) {
    if (!(error instanceof ThreadError)) throw error;
    logger().warn({ err: error, path }, 'a file could not be parsed');
    const problem = { line: 1, message: NO_ANSWER[error.end](fileMs) };
    return { problem, notice: null, parsed: true, ms: error.end === 'time' ? fileMs : 0 };
  }
}

/**
 * One outcome for all changed files of a snapshot. Where nothing could be parsed it is skipped: it proves nothing. A file that
 * takes too long or too much memory is a problem of that file.
 */
export async function checkParse(
  files: ReadonlyMap<string, string>,
  changed: readonly string[],
  { signal, ...limits }: Partial<ParseLimits> & { signal?: AbortSignal | undefined } = {},
): Promise<CheckOutcome> {
  const { fileMs, checkMs } = { ...DEFAULT_LIMITS, ...limits };
  const started = Date.now();
  const problems: string[] = [];
  const notices: string[] = [];
  let [parsed, unknown, spentMs] = [0, 0, 0];
  const present = changed.filter((path) => files.has(path));
  for (const [index, path] of present.entries()) {
    if (spentMs >= checkMs) {
      problems.push(`${present.length - index} files were not parsed: the others took ${checkMs / 1000} s already`);
      break;
    }
    const report = await reportOf(path, files.get(path) ?? '', fileMs, signal);
    spentMs += report.ms;
    if (report.parsed) parsed++;
    else unknown++;
    if (report.problem !== null) problems.push(`${path}:${report.problem.line}: ${report.problem.message}`);
    if (report.notice !== null) notices.push(`${path}:${report.notice.line}: note: ${report.notice.message}`);
  }
  const failed = problems.length > 0;
  const summary = `${parsed} files parsed${unknown === 0 ? '' : `, ${unknown} of a kind that has no parser here`}`;
  return {
    kind: 'parse',
    command: 'parse changed files',
    status: failed ? 'failed' : parsed > 0 ? 'passed' : 'skipped',
    required: failed || parsed > 0,
    exitCode: failed ? 1 : parsed > 0 ? 0 : null,
    durationMs: Date.now() - started,
    output: [...(failed ? listed(problems) : [summary]), ...listed(notices)].join('\n'),
    sandbox: 'none',
  };
}

function listed(lines: readonly string[]): string[] {
  if (lines.length <= MAX_LISTED) return [...lines];
  return [...lines.slice(0, MAX_LISTED), `and ${lines.length - MAX_LISTED} more`];
}
