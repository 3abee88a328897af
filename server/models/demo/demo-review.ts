import 'server-only';
import { type DataSection, parseFileSections, parseSections } from '../prompt-format';
import type { DemoProject } from './catalogue';

interface DemoFinding {
  criterion?: string;
  file?: string;
  line?: number;
  severity: 'blocker' | 'major';
  problem: string;
  fix: string;
}

interface Place {
  file: string;
  line: number;
}

/** A check as the review prompt shows it: a line `status: …`, a line `exit: …`, then what the command wrote. */
interface ShownCheck {
  command: string;
  /** `unreadable` when the first two lines are not what the prompt promises. */
  status: 'passed' | 'failed' | 'skipped' | 'error' | 'unreadable';
  /** Null when the command did not end by itself. */
  exit: number | null;
  output: string;
}

/** The demo's reviewer really looks: known defects and evidence are searched for in the files and checks of its prompt. */
export function reviewAsDemo(project: DemoProject, prompt: string, taskId: string): string {
  const files = parseFileSections(prompt);
  const sections = parseSections(prompt);
  const checks = sections.filter(({ label }) => label.startsWith('CHECK ')).map(readCheck);
  const wanted = [
    ...(sections.find(({ label }) => label === 'CRITERIA')?.content ?? '').matchAll(/^- \[([^\]]+)\] (.*)$/gm),
  ].map((match) => match[1] ?? '');
  const findings = [
    ...knownDefects(project, taskId, files),
    ...checks.flatMap((check) => failureOf(check, wanted[0], files)),
  ];
  const blamed = new Set(findings.map(({ criterion }) => criterion));
  const ran = whatRan(checks);
  const criteria = wanted.map((id) => {
    const known = project.review.evidence[id];
    if (known === undefined)
      return { id, met: false, evidence: 'The demo model knows only the authored criteria of this example.' };
    const line = lineOf(files.get(known.file), known.find);
    if (line === null) return { id, met: false, evidence: `${known.file} does not show it.` };
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

function readCheck({ label, content }: DataSection): ShownCheck {
  const command = label.slice('CHECK '.length);
  // Only the first two lines are the result: what a command wrote may look like one too.
  const head = /^status: (passed|failed|skipped|error)\nexit: (\d+|none)(?:\n|$)/.exec(content);
  if (head === null) return { command, status: 'unreadable', exit: null, output: content };
  const [all, status, exit] = head;
  return {
    command,
    status: status === 'passed' || status === 'failed' || status === 'skipped' ? status : 'error',
    exit: exit === undefined || exit === 'none' ? null : Number(exit),
    output: content.slice(all.length),
  };
}

/** What is wrong with a check, if anything. A skipped one did not fail: it proves nothing, and the code decides on that. */
function failureOf(check: ShownCheck, criterion: string | undefined, files: Map<string, string>): DemoFinding[] {
  const { command, status, exit, output } = check;
  if (status === 'skipped' || (status === 'passed' && (exit === 0 || exit === null))) return [];
  const how =
    status === 'unreadable'
      ? 'shows no result that can be read'
      : status === 'error'
        ? 'was broken off before it ended'
        : exit === null
          ? 'did not end by itself: it ran out of time or was killed'
          : `ended with exit code ${exit}`;
  const place = placeIn(output, files);
  return [
    {
      ...(criterion === undefined ? {} : { criterion }),
      ...place,
      severity: 'blocker',
      problem: `The check "${command}" ${how}.`,
      fix: place === null ? 'Make it pass.' : `Make it pass; its output names ${place.file}:${place.line}.`,
    },
  ];
}

/** The first place in a check's output that is a line of a file under review. */
function placeIn(output: string, files: Map<string, string>): Place | null {
  // "src/a.js:12" as compilers and stack traces write it, and Python's `File "a.py", line 12`.
  for (const match of output.matchAll(/([\w@.\-/\\]+\.\w+)(?::|", line )(\d+)/g)) {
    const named = (match[1] ?? '').replaceAll('\\', '/');
    const line = Number(match[2]);
    for (const [file, content] of files) {
      if ((named === file || named.endsWith(`/${file}`)) && line >= 1 && line <= content.split('\n').length)
        return { file, line };
    }
  }
  return null;
}

/** The end of a sentence of evidence: which check ran, or that none did. */
function whatRan(checks: readonly ShownCheck[]): string {
  const commands = checks.filter(({ command }) => command !== 'parse changed files');
  const passed = commands.find(({ status }) => status === 'passed');
  if (passed !== undefined) return `; "${passed.command}" passed with exit code ${passed.exit ?? 'none'}`;
  const skipped = commands.find(({ status }) => status === 'skipped');
  return skipped === undefined ? '' : `; "${skipped.command}" did not run`;
}

function knownDefects(project: DemoProject, taskId: string, files: Map<string, string>): DemoFinding[] {
  return project.review.defects.flatMap((defect): DemoFinding[] => {
    const { criterion, file, problem, fix } = defect;
    const line = defect.task === taskId ? lineOf(files.get(file), defect.find) : null;
    return line === null ? [] : [{ criterion, file, line, severity: 'major', problem, fix }];
  });
}

/** 1-based line of the first occurrence, null when absent. */
function lineOf(content: string | undefined, find: string): number | null {
  const at = content?.indexOf(find) ?? -1;
  return content === undefined || at < 0 ? null : content.slice(0, at).split('\n').length;
}
