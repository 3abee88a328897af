/**
 * What models must answer. Safe for the browser: zod, types and the rules of paths.
 */
import { z } from 'zod';
import { pathProblem, visible } from '@/server/workspace/edits/paths';

export const TASK_SIZES = ['S', 'M', 'L'] as const;
export const FILE_ACTIONS = ['create', 'change', 'delete', 'rename'] as const;

export const criterionSchema = z.object({
  /** Stable across plan versions, for example `T3.2`. */
  id: z.string().min(1).max(40),
  text: z.string().min(1).max(1000),
  /** Optional command or phrase that would show the criterion holds. */
  check: z.string().max(500).optional(),
});
export type Criterion = z.infer<typeof criterionSchema>;

export const plannedFileSchema = z.object({
  path: z.string().min(1).max(400),
  action: z.enum(FILE_ACTIONS),
});
export type PlannedFile = z.infer<typeof plannedFileSchema>;

/** A file of a plan that is written now: a stored plan is read as it is. */
export const newFileSchema = plannedFileSchema.superRefine(({ path }, ctx) => {
  const problem = pathProblem(path);
  if (problem === null) return;
  const message = `${visible(JSON.stringify(path))} cannot be written: ${problem}. Name one file inside the project, as src/a.ts`;
  ctx.addIssue({ code: 'custom', path: ['path'], message });
});

export const plannedTaskSchema = z.object({
  /** Stable across plan versions, for example `T3`. */
  id: z.string().min(1).max(20),
  title: z.string().min(1).max(200),
  why: z.string().max(2000).default(''),
  files: z.array(plannedFileSchema).max(100).default([]),
  criteria: z.array(criterionSchema).min(1).max(20),
  size: z.enum(TASK_SIZES).default('M'),
  dependsOn: z.array(z.string().max(20)).max(20).default([]),
});
export type PlannedTask = z.infer<typeof plannedTaskSchema>;

export const planChecksSchema = z.object({
  install: z.string().max(500).optional(),
  build: z.string().max(500).optional(),
  typecheck: z.string().max(500).optional(),
  test: z.string().max(500).optional(),
});
export type PlanChecks = z.infer<typeof planChecksSchema>;

export const planSchema = z.object({
  summary: z.string().min(1).max(4000),
  stack: z.string().max(1000).default(''),
  tasks: z.array(plannedTaskSchema).min(1).max(15),
  checks: planChecksSchema.default({}),
  questions: z.array(z.string().max(500)).max(10).default([]),
});
export type Plan = z.infer<typeof planSchema>;

/** A plan as the architect or a person writes it. */
export const newPlanSchema = planSchema.extend({
  tasks: z
    .array(plannedTaskSchema.extend({ files: z.array(newFileSchema).max(100).default([]) }))
    .min(1)
    .max(15),
});

export const clarifyingQuestionSchema = z.object({
  id: z.string().min(1).max(40),
  question: z.string().min(1).max(500),
  /** Suggested answers; the user may also type freely. */
  options: z.array(z.string().min(1).max(200)).max(6).default([]),
  /** Which answer is assumed when the user skips the question. */
  assumed: z.string().max(300).default(''),
});
export type ClarifyingQuestion = z.infer<typeof clarifyingQuestionSchema>;

export const clarificationSchema = z.object({
  /** Project title proposed by the architect. */
  title: z.string().min(1).max(120),
  questions: z.array(clarifyingQuestionSchema).max(6).default([]),
});
export type Clarification = z.infer<typeof clarificationSchema>;

export const FINDING_SEVERITIES = ['blocker', 'major', 'minor'] as const;

export const findingSchema = z.object({
  criterion: z.string().max(40).optional(),
  file: z.string().max(400).optional(),
  line: z.number().int().min(0).optional(),
  severity: z.enum(FINDING_SEVERITIES),
  problem: z.string().min(1).max(2000),
  fix: z.string().max(2000).default(''),
});
export type Finding = z.infer<typeof findingSchema>;

export const verdictSchema = z.object({
  status: z.enum(['APPROVED', 'REJECTED']),
  criteria: z
    .array(z.object({ id: z.string().min(1).max(40), met: z.boolean(), evidence: z.string().max(2000) }))
    .max(40),
  findings: z.array(findingSchema).max(40).default([]),
});
export type Verdict = z.infer<typeof verdictSchema>;
