import { createHash } from 'node:crypto';
import type { Criterion, Finding, Verdict } from '@/server/agents/schema';

export interface CheckFact {
  status: 'passed' | 'failed' | 'skipped' | 'error';
  required: boolean;
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

/** Code decides, not the prompt (formats.md, Verdict). */
export function decide(input: DecisionInput): Decision {
  const { verdict, checks, attempt } = input;
  const findings = verdict.findings.filter((finding) => isAnchored(finding, input));
  const criteria = input.criteria.map(({ id }) => {
    const said = verdict.criteria.find((criterion) => criterion.id === id);
    return { id, met: said?.met ?? false, evidence: said?.evidence ?? '' };
  });
  const failed = checks.filter((check) => check.required && check.status !== 'passed');
  const rejected = (decidedBy: string | null, extra: Finding[] = []): Decision => ({
    status: 'REJECTED',
    decidedBy,
    findings: [...extra, ...findings],
    criteria,
  });
  if (failed.length > 0) {
    const extra = failed.map(
      (check): Finding => ({
        severity: 'blocker',
        problem: `The check "${check.command}" ${check.status === 'failed' ? 'failed' : 'did not finish'}: ${check.output.slice(-600)}`,
        fix: 'Make this check pass.',
        ...firstCriterion(input.criteria),
      }),
    );
    return rejected(verdict.status === 'APPROVED' ? 'a required check did not pass on this snapshot' : null, extra);
  }
  if (!checks.some((check) => check.required && check.status === 'passed'))
    return rejected('no required check has passed on this snapshot');
  const unmet = criteria.filter(({ met }) => !met);
  const unproven = criteria.filter(({ met, evidence }) => met && evidence.trim() === '');
  if (verdict.status === 'APPROVED') {
    const missing = [...unmet, ...unproven];
    if (missing.length === 0) return { status: 'APPROVED', decidedBy: null, findings, criteria };
    const extra = missing.map(
      ({ id, met }): Finding => ({
        criterion: id,
        severity: 'major',
        problem: met ? `${id} was called met without evidence.` : `${id} is not shown to be met.`,
        fix: '',
      }),
    );
    return rejected(
      unproven.length > 0 ? 'a criterion was called met without evidence' : 'a criterion is not met',
      extra,
    );
  }
  const serious = findings.filter(({ severity }) => severity !== 'minor');
  if (serious.length === 0 && unmet.length === 0 && unproven.length === 0 && (attempt > 1 || findings.length === 0)) {
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
  return rejected(null);
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
