import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { ProcessDriver } from '#executor-manager/drivers/process/process-driver';
import { processesNaming } from '#executor-manager/drivers/process/process-table';
import { driverSuite } from './driver-suite.ts';
import type { DriverWorld } from './driver-suite.ts';

const RUNNER = path.resolve(import.meta.dirname, '../../../executor-image/runner.ts');

async function open(): Promise<DriverWorld> {
  const folder = await temporaryFolder('driver');
  const root = path.join(folder.path, 'executor');
  const names = (part: string): Promise<string[]> => readdir(path.join(root, part)).catch(() => []);
  return {
    driver: (ports) =>
      new ProcessDriver({
        ...{ root, ports, clock: systemClock, logger: silentLogger },
        runner: [process.execPath, RUNNER],
        environment: { PATH: process.env['PATH'] ?? '' },
      }),
    async remains() {
      const pids = await processesNaming(root);
      const parts = ['runtimes', 'sandboxes', 'volumes'];
      return [...pids.map(String), ...(await Promise.all(parts.map(names))).flat()];
    },
    async kill({ name }) {
      process.kill(Number(name.slice('pid/'.length)), 'SIGKILL');
    },
    async lose({ id, name }) {
      process.kill(Number(name.slice('pid/'.length)), 'SIGKILL');
      await rm(path.join(root, 'runtimes', id, 'record.json'));
    },
    async leaveOlderVersion() {
      const state = path.join(root, 'sandboxes', 'a-sandbox-uid', 'state');
      await mkdir(state, { recursive: true });
      await mkdir(path.join(root, 'volumes', 'a-task-uid', 'data'), { recursive: true });
      await writeFile(path.join(root, 'volumes', 'a-task-uid', 'task.json'), '{}');
      const runner = spawn('sleep', ['300'], { env: { PATH: process.env['PATH'], STATE: state } });
      await once(runner, 'spawn');
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

driverSuite('process', open);
