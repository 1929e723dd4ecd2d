import { defineConfig } from 'vitest/config';

/**
 * unit: beside the code, no engines. conformance: one suite per contract, run on every driver.
 * integration: several real parts together. e2e: the product as a user meets it.
 * The last three run one file at a time, since they share databases, ports and a Docker engine.
 */
const databases = { globalSetup: ['test/databases.ts'], fileParallelism: false };
const engines = { globalSetup: ['test/engines.ts'], fileParallelism: false };

export default defineConfig({
  test: {
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{api,cli,controllers,dev,executor-image,executor-manager,model-server}/**/*.test.ts',
            'test/{,kit/}*.test.ts',
          ],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...databases,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          ...engines,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...engines,
        },
      },
    ],
  },
});
