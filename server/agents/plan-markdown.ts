import type { Plan } from './schema';

/** The plan as a TODO, as downloaded and as PLAN.md in the archive. The sets hold ids of tasks; what was skipped is not done. */
export function planToMarkdown(
  plan: Plan,
  done: ReadonlySet<string>,
  skipped: ReadonlySet<string> = new Set(),
): string {
  const lines = ['# Plan', '', plan.summary, ''];
  if (plan.stack !== '') lines.push(`Stack: ${plan.stack}`, '');
  for (const task of plan.tasks) {
    const mark = done.has(task.id) ? 'x' : ' ';
    lines.push(`- [${mark}] **${task.id} ${task.title}** (${task.size})${skipped.has(task.id) ? ', skipped' : ''}`);
    if (task.why !== '') lines.push(`  ${task.why.replaceAll('\n', ' ')}`);
    for (const file of task.files) lines.push(`  - ${file.action} \`${file.path}\``);
    for (const criterion of task.criteria)
      lines.push(`  - [${mark}] ${criterion.id}: ${criterion.text.replaceAll('\n', ' ')}`);
  }
  const checks = Object.entries(plan.checks).filter(([, command]) => command);
  if (checks.length > 0)
    lines.push('', '## Checks', '', ...checks.map(([kind, command]) => `- ${kind}: \`${command}\``));
  return `${lines.join('\n')}\n`;
}
