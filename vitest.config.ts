import { defineConfig } from 'vitest/config';
import { SOURCE_FOLDERS } from '#dev/source-folders';
import { LongestFirst } from '#test/longest-first';

/**
 * unit: beside the code, no engines. conformance: one suite per contract, run on every driver.
 * integration: several real parts together. e2e: the product as a user meets it.
 * cluster: what runs on, in or beside a real Kubernetes, which its files share.
 * Files of these run side by side: each has databases, ports and folders of its own. `alone` has those of them that
 * cannot: they run one after the other when the others are done.
 */
const ALONE = [
  // Time limits below a second, which a busy machine would reach for other reasons.
  'test/conformance/storage/{database,network}-trouble.test.ts',
  'test/integration/api/{database-trouble,sockets}.test.ts',
  // Leftovers in the engine, and the machine's network, are looked at as a whole.
  'test/integration/environment.test.ts',
  'test/integration/executor-image/image.test.ts',
  'test/integration/drivers/docker.test.ts',
  'test/integration/executor-manager/{docker,engine-away,work}.test.ts',
  // Everything of it is killed, and looked at for what is left.
  'test/e2e/{chaos,demo,killed-agent}.test.ts',
  // Machines with engines of their own lose their links, and heartbeats of a second.
  'test/e2e/remote-executors.test.ts',
];
/** Unit tests compute: more workers than the cores of a small machine would not be faster. */
const UNIT_WORKERS = 2;
/** The others wait for processes and databases half of their time. Vitest wants a group of their own for other workers. */
const WORKERS = { maxWorkers: 4, sequence: { groupOrder: 1 } };

const witness = { setupFiles: ['test/witness.ts'] };
const databases = { ...witness, globalSetup: ['test/databases.ts'] };
const engines = { ...witness, globalSetup: ['test/engines.ts'] };

const CODE = SOURCE_FOLDERS.filter((folder) => folder !== 'test');

export default defineConfig({
  test: {
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`{${CODE.join(',')}}/**/*.test.ts`, 'test/{,kit/}*.test.ts'],
          // Modules are loaded once for each worker, which halves the time: unit tests change nothing global.
          isolate: false,
          setupFiles: ['test/already-sent.ts'],
          maxWorkers: UNIT_WORKERS,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...WORKERS,
          ...databases,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          ...WORKERS,
          ...engines,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...WORKERS,
          ...engines,
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          // One file at a time: two would not find room for all their Pods on a small machine.
          maxWorkers: 1,
          // At the end: the programs of the node are built while the others run.
          sequence: { groupOrder: 2 },
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...witness,
          globalSetup: ['test/cluster-set-up.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          ...engines,
        },
      },
    ],
  },
});
