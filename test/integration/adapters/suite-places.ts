import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureImage } from '#executor-image/build';
import { startRunner } from '../../kit/runner.ts';
import { HOST_OF_CONTAINERS, startSandboxRunner } from '../../kit/sandbox-runner.ts';
import type { SuitePlace } from './adapter-row.ts';

export const ON_THIS_MACHINE: SuitePlace = {
  node: process.execPath,
  host: '127.0.0.1',
  listen: '127.0.0.1',
  async startRunner() {
    const runner = await startRunner();
    const place = (file: string): string => path.join(runner.workspace, file);
    return {
      ...runner,
      touch: (file) => writeFile(place(file), ''),
      has: (file) => Promise.resolve(existsSync(place(file))),
    };
  },
};

/** The runner and the agent's program of the sandbox image, as the executor manager starts them. */
export const IN_A_SANDBOX: SuitePlace = {
  node: 'node',
  host: HOST_OF_CONTAINERS,
  listen: '0.0.0.0',
  startRunner: async () => startSandboxRunner(await ensureImage()),
};
