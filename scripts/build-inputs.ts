import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Hash of files below some paths, by content: decides whether a generated thing is still current. */
export function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256').update(process.version);
  const visit = (path: string): void => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort())
        if (name !== 'generated' && name !== 'node_modules') visit(join(path, name));
    } else hash.update(path).update(readFileSync(path));
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}

function isCurrent(stamp: string, hash: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

/** Generates the Prisma client when the schema changed. The command line wants a native engine it never runs: any executable will do. */
export function generateClient(): void {
  const stamp = 'prisma/generated/.inputs';
  const hash = hashOf(['prisma/schema', 'prisma.config.ts', 'node_modules/prisma/package.json']);
  if (isCurrent(stamp, hash)) return;
  execFileSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  writeFileSync(stamp, hash);
}

/** Builds the web application when its sources changed. @returns whether it built. */
export function buildApp(): boolean {
  const dist = process.env.NEXT_DIST_DIR ?? '.next';
  const stamp = join(dist, 'inputs');
  const hash = hashOf([
    'app',
    'components',
    'server',
    'prisma',
    'public',
    'instrumentation.ts',
    'next.config.mjs',
    'proxy.ts',
    'postcss.config.mjs',
    'tsconfig.json',
    'package-lock.json',
  ]);
  if (isCurrent(stamp, hash) && existsSync(join(dist, 'BUILD_ID'))) return false;
  try {
    execFileSync(process.execPath, ['node_modules/next/dist/bin/next', 'build'], {
      env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
      stdio: 'inherit',
    });
  } catch {
    console.error('The build failed; the reason stands above.');
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}
