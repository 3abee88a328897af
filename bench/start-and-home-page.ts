/** Compressed JavaScript of the built home page, without the fallback that only old browsers load. Goal: 180 kB. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { buildApp, generateClient } from '@/scripts/build-inputs';

const PORT = 3987;
const base = `http://127.0.0.1:${PORT}`;

async function untilReady(since: number): Promise<number> {
  while (performance.now() - since < 60_000) {
    const ready = await fetch(`${base}/api/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return performance.now() - since;
    await delay(25);
  }
  throw new Error('the server did not become ready');
}

async function scriptBytes(): Promise<number> {
  const html = await (await fetch(base)).text();
  let total = 0;
  for (const [tag, source] of html.matchAll(/<script[^>]+src="([^"]+)"[^>]*>/g)) {
    if (/nomodule/i.test(tag)) continue;
    total += gzipSync(Buffer.from(await (await fetch(new URL(source ?? '', base))).arrayBuffer())).length;
  }
  return total;
}

generateClient();
buildApp();
const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
try {
  for (const run of ['new data folder', 'existing data folder']) {
    const started = performance.now();
    const child = spawn(process.execPath, ['--import', './scripts/register.mjs', 'scripts/start.ts'], {
      env: { ...process.env, PORT: String(PORT), DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'error' },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    try {
      console.log(
        `npm start to ready, built, ${run}: ${((await untilReady(started)) / 1000).toFixed(1)} s (goal 10 s) | ${machine}`,
      );
      if (run === 'existing data folder')
        console.log(
          `home page JavaScript: ${((await scriptBytes()) / 1000).toFixed(0)} kB gzip (goal 180 kB) | ${machine}`,
        );
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
