import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests and examples that import the package by its name get the sources; only end-to-end tests go through dist/.
    alias: [
      { find: /^millrace$/, replacement: source('index.ts') },
      { find: /^millrace\/client$/, replacement: source('client/index.ts') },
      { find: /^millrace\/decorators$/, replacement: source('decorators/index.ts') },
      { find: /^millrace\/postgres$/, replacement: source('postgres.ts') },
      { find: /^millrace\/s3$/, replacement: source('s3.ts') },
      { find: /^millrace\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  test: {
    // Processes, not threads: tests change the working directory, patch the console and load native addons.
    pool: 'forks',
    // Most of the time one waits: for processes, servers and disks.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    setupFiles: ['test/setup.ts'],
    // Local times in output read the same everywhere.
    env: { TZ: 'UTC' },
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'in-process',
          include: ['test/{unit,contract,property}/**/*.test.ts'],
          // Most take milliseconds. What hangs is found all the same; what waits for a busy machine is not to fail.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          // Starts the built CLI, kills it, starts it again, or opens pages in a browser: slow when the machine is busy, never endless.
          name: 'end-to-end',
          include: ['test/{e2e,browser}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
