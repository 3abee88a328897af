import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { BROWSER_ARGUMENTS, resolveBrowser } from './e2e/browser';

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 3999));
    });
  });
}

// Playwright reads this file in every worker: what it decides is kept in the environment, which workers inherit.
process.env.E2E_PORT ??= String(await freePort());
process.env.E2E_DATA_DIR ??= mkdtempSync(join(tmpdir(), 'plumbline-e2e-'));
const port = process.env.E2E_PORT;

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  // Two files at once: most have servers of their own, and the server of the others is made for many people.
  workers: 2,
  // A loaded machine fails no journey alone: what fails is tried once more, and then named in the report's last lines.
  retries: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  outputDir: 'test-results',
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 860 },
    launchOptions: { executablePath: await resolveBrowser(), args: BROWSER_ARGUMENTS },
    screenshot: 'only-on-failure',
  },
  webServer: {
    command: 'npm start',
    url: `http://localhost:${port}/api/ready`,
    timeout: 300_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
    env: {
      PORT: port,
      DATA_DIR: process.env.E2E_DATA_DIR,
      DEMO_DELAY_MS: '2',
      LOG_LEVEL: 'warn',
      APP_ENV: 'test',
      EMBEDDER: 'local',
    },
  },
});
