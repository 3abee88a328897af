import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, ''),
      // A guard for Next's bundler; outside of it there is nothing to guard.
      'server-only': fileURLToPath(new URL('./scripts/empty.mjs', import.meta.url)),
    },
  },
  test: {
    include: ['{server,components,app,scripts,e2e,test,bench}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', 'server/models/demo/projects/**'],
    globalSetup: ['test/global-setup.ts'],
    environment: 'node',
    env: { NODE_ENV: 'test', APP_ENV: 'test', DATA_DIR: '.data-test', DEMO_DELAY_MS: '0' },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
