import { createHash } from 'node:crypto';
import type { Criterion, Finding, Verdict } from '@/server/agents/schema';
import { isEvidence } from './review-evidence';

export interface CheckFact {
  status: 'passed' | 'failed' | 'skipped' | 'error';
  required: boolean;
  /** As in the check's record; evidence may name it. */
  kind?: string;
  command: string;
  output: string;
}

export interface DecisionInput {
  verdict: Verdict;
  criteria: readonly Criterion[];
  /** Results of checks that ran on exactly the reviewed snapshot. */
  checks: readonly CheckFact[];
  attempt: number;
  /** Files of the reviewed snapshot with their number of lines: evidence must point at something real. */
  files: ReadonlyMap<string, number>;
}

export interface Decision {
  status: 'APPROVED' | 'REJECTED';
  /** Why the code decided otherwise than the model, else null. */
  decidedBy: string | null;
  findings: Finding[];
  criteria: { id: string; met: boolean; evidence: string }[];
}

/** Code decides, not the prompt. */
export function decide(input: DecisionInput): Decision {
  const { verdict, checks, attempt } = input;
  const findings = verdict.findings.filter((finding) => isAnchored(finding, input));
  const criteria = input.criteria.map(({ id }) => resultOf(id, input));
  const rejected = (decidedBy: string | null, extra: Finding[] = []): Decision => ({
    status: 'REJECTED',
    decidedBy,
    findings: [...extra, ...findings],
    criteria,
  });
  const approves = verdict.status === 'APPROVED';
  const failed = checks.filter((check) => check.required && check.status !== 'passed');
  if (failed.length > 0)
    return rejected(
      approves ? 'a required check did not pass on this snapshot' : null,
      failed.map((check) => failedCheck(check, input.criteria)),
    );
  if (!checks.some((check) => check.required && check.status === 'passed'))
    return rejected('no required check has passed on this snapshot', [
      {
        severity: 'blocker',
        problem: 'No check that proves anything ran on this snapshot, so nothing shows that it works.',
        fix: 'Add tests or files that the project’s checks can run on.',
        ...firstCriterion(input.criteria),
      },
    ]);
  const unproven = criteria.filter(({ met, evidence }) => met && !isEvidence(evidence, input));
  const missing = [...criteria.filter(({ met }) => !met), ...unproven];
  if (approves) {
    // Also one that points at nothing: who names a blocker does not approve.
    const blockers = verdict.findings.filter(({ severity }) => severity === 'blocker');
    if (missing.length === 0 && blockers.length === 0)
      return { status: 'APPROVED', decidedBy: null, findings, criteria };
    const loose = blockers.filter((finding) => !findings.includes(finding));
    const extra = [
      ...missing.map(notShown),
      ...loose.map((finding) => ({ ...finding, ...firstCriterion(input.criteria) })),
    ];
    if (unproven.length > 0) return rejected('a criterion was called met without evidence', extra);
    return rejected(missing.length > 0 ? 'a criterion is not met' : 'the approval names a blocker', extra);
  }
  const serious = findings.filter(({ severity }) => severity !== 'minor');
  if (serious.length === 0 && missing.length === 0 && (attempt > 1 || findings.length === 0)) {
    return {
      status: 'APPROVED',
      decidedBy:
        findings.length === 0
          ? 'the rejection named nothing that can be found'
          : 'minor findings alone never reject after attempt 1',
      findings,
      criteria,
    };
  }
  // Without a finding the next attempt would have nothing to act on.
  return rejected(null, serious.length === 0 ? missing.map(notShown) : []);
}

/** What was said about a criterion; listed twice it is met only where both say so. */
function resultOf(id: string, input: DecisionInput): Decision['criteria'][number] {
  const said = input.verdict.criteria.filter((criterion) => criterion.id === id);
  const against = said.find(({ met }) => !met);
  const best = against ?? said.find(({ evidence }) => isEvidence(evidence, input)) ?? said[0];
  return { id, met: best?.met ?? false, evidence: best?.evidence ?? '' };
}

function notShown({ id, met, evidence }: Decision['criteria'][number]): Finding {
  const said = evidence.trim() === '' ? '' : ` The review said: ${evidence.trim().slice(0, 1000)}`;
  return {
    criterion: id,
    severity: 'major',
    problem: met
      ? `${id} was called met without evidence: no file, line or passed check shows it.${said}`
      : `${id} is not shown to be met.${said}`,
    fix: '',
  };
}

function failedCheck({ command, status, output }: CheckFact, criteria: readonly Criterion[]): Finding {
  return {
    severity: 'blocker',
    problem: `The check "${command}" ${status === 'failed' ? 'failed' : 'did not finish'}: ${output.slice(-600)}`,
    fix: 'Make this check pass.',
    ...firstCriterion(criteria),
  };
}

/** A finding counts when it names a criterion of the task, or a line that exists. */
function isAnchored(finding: Finding, { criteria, files }: DecisionInput): boolean {
  if (finding.criterion !== undefined && criteria.some(({ id }) => id === finding.criterion)) return true;
  if (finding.file === undefined || finding.line === undefined) return false;
  const lines = files.get(finding.file);
  return lines !== undefined && finding.line <= Math.max(lines, 1);
}

function firstCriterion(criteria: readonly Criterion[]): { criterion?: string } {
  const [first] = criteria;
  return first === undefined ? {} : { criterion: first.id };
}

/** Identity of a finding across attempts: criterion, file, and the problem without numbers, quotes and white space. */
export function findingHash(finding: Finding): string {
  const problem = finding.problem
    .toLowerCase()
    .replaceAll(/[0-9]+(\.[0-9]+)?(ms|s)?/g, '#')
    .replaceAll(/[\s"'`]+/g, ' ')
    .trim();
  return createHash('sha256')
    .update(`${finding.criterion ?? ''}\n${finding.file ?? ''}\n${problem}`)
    .digest('hex')
    .slice(0, 24);
}
