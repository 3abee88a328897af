import 'server-only';
import { AppError } from '@/server/platform/errors';
import { logger } from '@/server/platform/logger';
import { bubblewrap } from './bubblewrap';
import type { Sandbox } from './sandbox';

/** What runs commands here. `sandbox` null: execution is off, and `reason` says why in plain words. */
export interface SandboxChoice {
  sandbox: Sandbox | null;
  reason: string | null;
}

export async function selectSandbox(mode: 'auto' | 'bubblewrap' | 'off'): Promise<SandboxChoice> {
  if (mode === 'off') return { sandbox: null, reason: 'Commands are not run: SANDBOX=off.' };
  const reason = await bubblewrap.unavailable();
  if (reason === null) return { sandbox: bubblewrap, reason: null };
  if (mode === 'bubblewrap') throw new AppError('sandbox_unavailable', `SANDBOX=bubblewrap, but ${reason}`);
  return { sandbox: null, reason: `Commands are not run: ${reason}. Files are still parsed.` };
}

/** For a page or a manifest, which only say what runs commands here: never throws because `SANDBOX=bubblewrap` is missing. */
export function describeSandbox(mode: 'auto' | 'bubblewrap' | 'off'): Promise<SandboxChoice> {
  return selectSandbox(mode === 'off' ? 'off' : 'auto');
}

/** One warning in the log when a worker starts and cannot run commands. */
export async function reportSandbox(mode: 'auto' | 'bubblewrap' | 'off'): Promise<void> {
  const { reason } = await describeSandbox(mode);
  if (reason !== null) logger().warn({ reason }, 'commands of projects are not run');
}
