/**
 * A project as a streamed ZIP from the embedded database, over HTTP to another process: 200 MB, and 21 MB in as many small
 * files as a project may have. Goals: >= 15 MB/s, first byte <= 50 ms, growth of resident memory <= 50 MB.
 * Run: node --import ./scripts/register.mjs bench/archive.ts [megabytes]
 * The files are TypeScript source from the installed packages, each made unique, so that compression does its usual work.
 * The event loop's delay is that of the serving process, sampled every 5 ms (an idle one shows 5). The rest of its
 * processor time is that of the threads that compress.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { closeDatabase, db, openEmbedded, useDatabase } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { applyMigrations } from '@/server/platform/migrate';
import { openArchive } from '@/server/workspace/archive';
import { postgresBlobs } from '@/server/workspace/blobs';

const MEGABYTES = Number(process.argv[2] ?? 200);
const SMALL_FILES = { megabytes: 21, bytesAFile: 10_500 };
const GOAL = { rate: 15, firstByte: 50, growth: 50 } as const;

function line(label: string, value: string): void {
  process.stdout.write(`${label.padEnd(34)} ${value}\n`);
}

const verdict = (met: boolean) => (met ? 'met' : 'MISSED');

interface Seeded {
  organizationId: string;
  snapshotId: string;
  bytes: number;
  files: number;
}

/** Writes the project past the workspace's own size limit: the goal names a larger one. */
async function seed(megabytes: number, bytesAFile: number): Promise<Seeded> {
  const organizationId = newId();
  const sources = globSync('node_modules/{ai,zod,@trpc/*,@ai-sdk/*}/**/src/**/*.ts').sort();
  const tree: Record<string, { sha256: string; size: number }> = {};
  let bytes = 0;
  for (let i = 0; bytes < megabytes * 1e6; i++) {
    const parts: string[] = [`// ${i}\n`];
    let size = 0;
    for (let j = 0; size < bytesAFile; j++) {
      const text = readFileSync(sources[(i * 7 + j) % sources.length] ?? '', 'utf8');
      parts.push(text.slice(0, bytesAFile));
      size += Math.min(text.length, bytesAFile);
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
  return { organizationId, snapshotId, bytes, files };
}

/** As the archive's route does it: a web stream, written as the client takes it. */
async function send(ref: Seeded, response: ServerResponse): Promise<void> {
  const stream = await openArchive(db(), ref, new Map([['PLAN.md', '# Plan\n']]));
  for await (const chunk of Readable.toWeb(stream)) if (!response.write(chunk)) await once(response, 'drain');
  response.end();
}

/** Asks once for nothing, so that loading the HTTP client is not counted as waiting for the first byte. */
const CLIENT = `
  const address = process.argv[1];
  await (await fetch(address + 'nothing')).text();
  const started = performance.now();
  let first = null;
  let size = 0;
  for await (const chunk of (await fetch(address)).body) {
    first ??= performance.now() - started;
    size += chunk.length;
  }
  console.log(JSON.stringify({ first, size, seconds: (performance.now() - started) / 1000 }));`;
const clientSchema = z.object({ first: z.number(), size: z.number(), seconds: z.number() });

async function measure(ref: Seeded) {
  globalThis.gc?.();
  const lag = monitorEventLoopDelay({ resolution: 5 });
  const before = process.memoryUsage().rss;
  let peak = before;
  let cpu = process.cpuUsage();
  let mainThread = process.threadCpuUsage();
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const server = createServer((request, response) => {
    if (request.url !== '/') {
      response.end();
      return;
    }
    lag.enable();
    cpu = process.cpuUsage();
    mainThread = process.threadCpuUsage();
    send(ref, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = spawn(process.execPath, ['--input-type=module', '-e', CLIENT, `http://127.0.0.1:${address.port}/`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of client.stdout) said += String(chunk);
  lag.disable();
  clearInterval(sampler);
  const all = process.cpuUsage(cpu);
  const main = process.threadCpuUsage(mainThread);
  server.close();
  return {
    ...clientSchema.parse(JSON.parse(said)),
    cpuSeconds: (all.user + all.system) / 1e6,
    mainSeconds: (main.user + main.system) / 1e6,
    growth: (peak - before) / 2 ** 20,
    lag: [50, 99, 100].map((share) => (lag.percentile(share) / 1e6).toFixed(0)),
  };
}

/** @returns whether all goals are met. */
function report(label: string, ref: Seeded, figures: Awaited<ReturnType<typeof measure>>): boolean {
  const { seconds, first, size, growth, lag, cpuSeconds, mainSeconds } = figures;
  const rate = ref.bytes / 1e6 / seconds;
  line(
    label,
    `${(ref.bytes / 1e6).toFixed(0)} MB in ${ref.files} files, ${(size / 1e6).toFixed(0)} MB packed, ` +
      `${seconds.toFixed(1)} s, processor ${cpuSeconds.toFixed(1)} s, main thread ${mainSeconds.toFixed(1)} s`,
  );
  line(`${label}, rate`, `${rate.toFixed(1)} MB/s (goal ${GOAL.rate}: ${verdict(rate >= GOAL.rate)})`);
  line(`${label}, first byte`, `${first.toFixed(1)} ms (goal ${GOAL.firstByte}: ${verdict(first <= GOAL.firstByte)})`);
  line(`${label}, memory growth`, `${growth.toFixed(0)} MiB (goal ${GOAL.growth}: ${verdict(growth <= GOAL.growth)})`);
  line(`${label}, event loop delay`, `p50 ${lag[0]} ms, p99 ${lag[1]} ms, max ${lag[2]} ms`);
  return rate >= GOAL.rate && first <= GOAL.firstByte && growth <= GOAL.growth;
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
  const database = await openEmbedded(dataDir);
  useDatabase(database);
  try {
    await applyMigrations(database);
    const [machine] = cpus();
    line('date', new Date().toISOString());
    line(
      'machine',
      `${machine?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1) ?? '?'}`,
    );
    const large = await seed(MEGABYTES, 100_000);
    report('archive', large, await measure(large));
    const small = await seed(SMALL_FILES.megabytes, SMALL_FILES.bytesAFile);
    report('archive, small files', small, await measure(small));
  } finally {
    await closeDatabase();
    await rm(dataDir, { recursive: true, force: true });
  }
}

await main();
