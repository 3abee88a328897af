import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditLedger } from '@/server/credits/ledger/audit';
import { openEmbedded } from '@/server/platform/db';
import { suiteSize } from '@/test/suite-size';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-kill-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  /** Null: killed. */
  code: number | null;
  output: string;
}

/** Runs the command line in a process of its own and kills it, SIGKILL, as soon as it prints a line that matches. */
function build(args: string[], killAt: RegExp | null): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        '--import',
        './scripts/register.mjs',
        'scripts/build-project.ts',
        ...args,
        '--out',
        join(folder, 'out'),
        '--yes',
      ],
      {
        env: {
          ...process.env,
          NODE_ENV: 'test',
          DATA_DIR: join(folder, 'data'),
          DEMO_DELAY_MS: '3',
          EMBEDDER: 'off',
          LOG_LEVEL: 'error',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    const take = (text: Buffer) => {
      output += text.toString();
      if (killAt?.test(output)) child.kill('SIGKILL');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Each round kills the process nine times, in another place of the step: what a process reaches before the signal varies. */
const ROUNDS = Array.from({ length: suiteSize(1, 3) }, (_, index) => index + 1);

describe('SIGKILL of the process', () => {
  it.each(ROUNDS)(
    'during each kind of step loses nothing and does nothing twice, round %i',
    async () => {
      const first = await build(['expense-report'], /Project \S+\n/);
      expect(first.code).toBeNull();
      const id = /Project (\S+)/.exec(first.output)?.[1] ?? '';
      // The line of one step's end: what is killed is the step after it.
      const points = [
        'clarify: done',
        'spec: done',
        'plan: done',
        'implement:T1: done',
        'apply:T2: done',
        'check:T3: done',
        String.raw`review:T3 \(attempt 2\): done`,
        'implement:T4: done',
        'document: done',
      ];
      const killed: string[] = [];
      for (const point of points) {
        const { code, output } = await build(['--resume', id], new RegExp(point));
        if (code === null) killed.push(point);
        else expect(output, `at ${point}`).toContain('Completed');
        if (code === 0) break;
      }
      // After the last point only quick steps are left: they may be done before the signal arrives.
      expect(killed.length).toBeGreaterThanOrEqual(points.length - 1);
      const last = await build(['--resume', id], null);
      expect([last.code, last.output]).toEqual([0, expect.stringContaining('Completed')]);

      const { prisma, close } = await openEmbedded(join(folder, 'data'));
      try {
        expect(await auditLedger(prisma)).toEqual([]);
        expect(await prisma.creditHold.count({ where: { status: 'pending' } })).toBe(0);
        expect(await prisma.modelCall.count({ where: { status: 'running' } })).toBe(0);
        const steps = await prisma.runStep.findMany({ where: { projectId: id } });
        expect(steps.filter(({ status }) => status !== 'done')).toEqual([]);
        // A finished step has exactly one call that was paid for, however often its process died.
        const calls = await prisma.modelCall.findMany({ where: { projectId: id, status: 'succeeded' } });
        const perStep = new Map<string, number>();
        for (const { stepId } of calls) perStep.set(stepId ?? '', (perStep.get(stepId ?? '') ?? 0) + 1);
        expect([...perStep.values()].filter((count) => count !== 1)).toEqual([]);
        expect(await prisma.modelCall.count({ where: { projectId: id, errorCode: 'process_died' } })).toBeGreaterThan(
          0,
        );
        const events = await prisma.runEvent.findMany({
          where: { projectId: id },
          orderBy: { seq: 'asc' },
          select: { seq: true },
        });
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
        const tasks = await prisma.task.findMany({ where: { projectId: id }, orderBy: { position: 'asc' } });
        expect(tasks.map(({ status }) => status)).toEqual(['approved', 'approved', 'approved', 'approved']);
        const charged = await prisma.creditEntry.aggregate({
          where: { projectId: id, taskId: { not: null } },
          _sum: { amount: true },
        });
        expect(tasks.reduce((sum, task) => sum + task.chargedMicro, 0n)).toBe(-(charged._sum.amount ?? 0n));
      } finally {
        await close();
      }
    },
    240_000,
  );
});
