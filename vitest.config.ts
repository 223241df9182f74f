import { defineConfig } from 'vitest/config'

/**
 * Test tiers. `unit` and `dataflow` need nothing; `kernel` needs its own network namespaces and the four capabilities of
 * a forwarder, `root` the others too; `local` needs user namespaces, `apiserver` a real control plane, so these are
 * started by `test/run.ts`, which prints why a tier is skipped.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Property tests and real processes share two cores with each other here.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', 'dist/**', 'test/**', '**/*.kernel.test.ts', '**/*.root.test.ts'],
        },
      },
      { test: { name: 'dataflow', include: ['test/dataflow/**/*.test.ts'] } },
      { test: { name: 'structure', include: ['test/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'kernel',
          include: ['**/*.kernel.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'root',
          include: ['**/*.root.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'local',
          include: ['test/local/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'apiserver',
          include: ['test/apiserver/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/cluster/global-setup.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
