import type { BadgeTone } from '@/components/ui/badge';

/** How a status is called and coloured; the words carry the meaning, the colour only repeats it. */
export interface StatusLabel {
  label: string;
  tone: BadgeTone;
  /** Something is happening now. */
  busy?: boolean;
}

const PROJECT: Record<string, StatusLabel> = {
  draft: { label: 'Draft', tone: 'neutral' },
  clarifying: { label: 'Clarifying', tone: 'chalk', busy: true },
  planning: { label: 'Planning', tone: 'chalk', busy: true },
  awaiting_approval: { label: 'Awaiting approval', tone: 'brass' },
  implementing: { label: 'Building', tone: 'chalk', busy: true },
  awaiting_refinement: { label: 'Needs your decision', tone: 'warning' },
  awaiting_credits: { label: 'Out of credits', tone: 'warning' },
  paused: { label: 'Paused', tone: 'neutral' },
  documenting: { label: 'Finishing', tone: 'chalk', busy: true },
  completed: { label: 'Completed', tone: 'success' },
  failed: { label: 'Failed', tone: 'danger' },
  archived: { label: 'Archived', tone: 'neutral' },
};

const TASK: Record<string, StatusLabel> = {
  pending: { label: 'To do', tone: 'neutral' },
  running: { label: 'In work', tone: 'chalk', busy: true },
  approved: { label: 'Approved', tone: 'success' },
  accepted: { label: 'Accepted as is', tone: 'brass' },
  skipped: { label: 'Skipped', tone: 'neutral' },
  rejected: { label: 'Rejected', tone: 'danger' },
};

/** What a project waits for in `awaiting_credits`. */
type WaitsFor = 'credits' | 'budget' | 'member_budget';

/** @param waitsFor only read in `awaiting_credits`, where a budget may be reached while there are credits. */
export function projectStatusLabel(status: string, waitsFor: WaitsFor | null = null): StatusLabel {
  if (status === 'awaiting_credits' && waitsFor !== null && waitsFor !== 'credits')
    return { label: 'Budget reached', tone: 'warning' };
  return PROJECT[status] ?? { label: status, tone: 'neutral' };
}

/** @param projectStatus a task that was begun waits while its project is not being built. */
export function taskStatusLabel(status: string, projectStatus: string): StatusLabel {
  if (status === 'running' && PROJECT[projectStatus]?.busy !== true) return { label: 'Waits', tone: 'neutral' };
  return TASK[status] ?? { label: status, tone: 'neutral' };
}
