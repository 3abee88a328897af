import 'server-only';
import { parseFileSections, parseSections } from '../prompt-format';
import type { DemoProject } from './catalog';

interface DemoFinding {
  criterion?: string;
  file?: string;
  line?: number;
  severity: 'blocker' | 'major';
  problem: string;
  fix: string;
}

/** The demo's reviewer really looks: known defects and evidence are searched for in the files and checks of its prompt. */
export function reviewAsDemo(project: DemoProject, prompt: string, taskId: string): string {
  const files = parseFileSections(prompt);
  const sections = parseSections(prompt);
  const checks = sections
    .filter(({ label }) => label.startsWith('CHECK '))
    .map(({ label, content }) => ({ command: label.slice(6), content, exit: /^exit: (\d+)$/m.exec(content)?.[1] }));
  const wanted = [
    ...(sections.find(({ label }) => label === 'CRITERIA')?.content ?? '').matchAll(/^- \[([^\]]+)\] (.*)$/gm),
  ].map((match) => match[1] ?? '');
  const findings: DemoFinding[] = [];
  for (const defect of project.review.defects) {
    const line = defect.task === taskId ? lineOf(files.get(defect.file), defect.find) : null;
    if (line !== null)
      findings.push({
        criterion: defect.criterion,
        file: defect.file,
        line,
        severity: 'major',
        problem: defect.problem,
        fix: defect.fix,
      });
  }
  for (const check of checks) {
    if (check.exit === undefined || check.exit === '0') continue;
    findings.push({
      ...(wanted[0] === undefined ? {} : { criterion: wanted[0] }),
      severity: 'blocker',
      problem: `The check "${check.command}" ended with exit code ${check.exit}.`,
      fix: 'Make it pass.',
    });
  }
  const passed = checks.find(({ exit, command }) => exit === '0' && command !== 'parse changed files');
  const blamed = new Set(findings.map(({ criterion }) => criterion));
  const criteria = wanted.map((id) => {
    const known = project.review.evidence[id];
    const line = known === undefined ? null : lineOf(files.get(known.file), known.find);
    if (known === undefined || line === null)
      return {
        id,
        met: false,
        evidence:
          known === undefined ? 'The demo model knows only the authored criteria.' : `${known.file} does not show it.`,
      };
    const ran = passed === undefined ? '' : `; "${passed.command}" ended with exit code 0`;
    return { id, met: !blamed.has(id), evidence: `${known.file}:${line} ${known.says}${ran}` };
  });
  for (const { id, met, evidence } of criteria) {
    if (!met && !blamed.has(id))
      findings.push({
        criterion: id,
        severity: 'major',
        problem: `${id} is not shown to be met. ${evidence}`,
        fix: '',
      });
  }
  return JSON.stringify({ status: findings.length === 0 ? 'APPROVED' : 'REJECTED', criteria, findings });
}

/** 1-based line of the first occurrence, null when absent. */
function lineOf(content: string | undefined, find: string): number | null {
  const at = content?.indexOf(find) ?? -1;
  return content === undefined || at < 0 ? null : content.slice(0, at).split('\n').length;
}
