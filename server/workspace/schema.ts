/** Files, edits and checks as the browser sees them. */
import { z } from 'zod';

export const refusalCodeSchema = z.enum([
  'path_invalid',
  'path_collision',
  'binary',
  'too_large',
  'too_many_files',
  'project_too_large',
  'not_found',
  'exists',
  'ambiguous',
  'no_match',
  'shrink',
  'lost_exports',
  'placeholder',
  'malformed',
  'missing_file',
]);
export type RefusalCode = z.infer<typeof refusalCodeSchema>;

/** Why an edit was not applied, readable by the model and by people. */
export interface Refusal {
  code: RefusalCode;
  path: string;
  message: string;
}

export const RUNGS = ['exact', 'trailing-space', 'indentation', 'quotes', 'blank-lines', 'elided', 'similar'] as const;
export type Rung = (typeof RUNGS)[number];

export interface AppliedEdit {
  path: string;
  action: 'write' | 'patch' | 'delete' | 'rename';
  /** Which rung of the ladder matched each section of a patch. */
  rungs: Rung[];
}

export const checkKindSchema = z.enum(['parse', 'install', 'build', 'typecheck', 'test']);
export type CheckKind = z.infer<typeof checkKindSchema>;

export interface CheckOutcome {
  kind: CheckKind;
  command: string;
  status: 'passed' | 'failed' | 'skipped' | 'error';
  /** Whether a failure forbids approval. */
  required: boolean;
  exitCode: number | null;
  durationMs: number;
  output: string;
  sandbox: string;
}

export interface FileEntry {
  path: string;
  sha256: string;
  size: number;
}

export interface DiffHunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  lines: string[];
}

export interface FileDiff {
  path: string;
  status: 'added' | 'removed' | 'changed';
  additions: number;
  deletions: number;
  hunks: DiffHunk[];
  /** True when so many files differ that the lines of this one were not compared: its counts are 0 and its hunks missing. */
  truncated: boolean;
}
