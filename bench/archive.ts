/**
 * A 200 MB project as a streamed ZIP from the embedded database. Goals: >= 15 MB/s, first byte <= 50 ms, growth of resident
 * memory <= 50 MB. Run: node --import ./scripts/register.mjs bench/archive.ts [megabytes]
 * The files are TypeScript source from the installed packages, each made unique, so that compression does its usual work.
 */
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { closeDatabase, db, openEmbedded, useDatabase } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { applyMigrations } from '@/server/platform/migrate';
import { openArchive } from '@/server/workspace/archive';
import { postgresBlobs } from '@/server/workspace/blobs';

const MEGABYTES = Number(process.argv[2] ?? 200);
const GOAL = { rate: 15, firstByte: 50, growth: 50 } as const;

function line(label: string, value: string): void {
  process.stdout.write(`${label.padEnd(34)} ${value}\n`);
}

const verdict = (met: boolean) => (met ? 'met' : 'MISSED');

/** Writes the project past the workspace's own size limit: the goal names a larger one. */
async function seed(organizationId: string): Promise<{ snapshotId: string; bytes: number; files: number }> {
  const sources = globSync('node_modules/{ai,zod,@trpc/*,@ai-sdk/*}/**/src/**/*.ts').sort();
  const tree: Record<string, { sha256: string; size: number }> = {};
  let bytes = 0;
  for (let i = 0; bytes < MEGABYTES * 1e6; i++) {
    const parts: string[] = [`// ${i}\n`];
    let size = 0;
    for (let j = 0; size < 100_000; j++) {
      const text = readFileSync(sources[(i * 7 + j) % sources.length] ?? '', 'utf8');
      parts.push(text);
      size += text.length;
    }
    const content = Buffer.from(parts.join(''));
    const [sha256 = ''] = await postgresBlobs.putMany(db(), organizationId, [content]);
    tree[`src/${i}.ts`] = { sha256, size: content.length };
    bytes += content.length;
  }
  const snapshotId = newId();
  const files = Object.keys(tree).length;
  await db().snapshot.create({
    data: {
      id: snapshotId,
      organizationId,
      projectId: newId(),
      tree,
      treeHash: snapshotId,
      fileCount: files,
      totalBytes: BigInt(bytes),
    },
  });
  return { snapshotId, bytes, files };
}

async function measure(organizationId: string, snapshotId: string) {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  const started = performance.now();
  const stream = await openArchive(db(), { organizationId, snapshotId }, new Map([['PLAN.md', '# Plan\n']]));
  let first = Number.NaN;
  let size = 0;
  for await (const chunk of stream) {
    if (size === 0) first = performance.now() - started;
    size += Buffer.isBuffer(chunk) ? chunk.length : 0;
    await turn();
  }
  const seconds = (performance.now() - started) / 1000;
  lag.disable();
  clearInterval(sampler);
  return {
    seconds,
    first,
    size,
    growth: (peak - before) / 2 ** 20,
    lagMs: lag.percentile(99) / 1e6,
    lagMax: lag.max / 1e6,
  };
}

async function main(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
  const database = await openEmbedded(dataDir);
  useDatabase(database);
  try {
    await applyMigrations(database);
    const organizationId = newId();
    const { snapshotId, bytes, files } = await seed(organizationId);
    const { seconds, first, size, growth, lagMs, lagMax } = await measure(organizationId, snapshotId);
    const rate = bytes / 1e6 / seconds;
    line('date', new Date().toISOString());
    line(
      'machine',
      `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`,
    );
    line(
      'archive',
      `${(bytes / 1e6).toFixed(0)} MB in ${files} files, ${(size / 1e6).toFixed(0)} MB packed, ${seconds.toFixed(1)} s`,
    );
    line('archive rate', `${rate.toFixed(1)} MB/s (goal ${GOAL.rate}: ${verdict(rate >= GOAL.rate)})`);
    line('archive first byte', `${first.toFixed(1)} ms (goal ${GOAL.firstByte}: ${verdict(first <= GOAL.firstByte)})`);
    line('archive memory growth', `${growth.toFixed(0)} MiB (goal ${GOAL.growth}: ${verdict(growth <= GOAL.growth)})`);
    line('archive event loop delay', `p99 ${lagMs.toFixed(0)} ms, max ${lagMax.toFixed(0)} ms`);
    return rate >= GOAL.rate && first <= GOAL.firstByte && growth <= GOAL.growth ? 0 : 1;
  } finally {
    await closeDatabase();
    await rm(dataDir, { recursive: true, force: true });
  }
}

process.exitCode = await main();
