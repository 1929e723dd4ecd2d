import path from 'node:path';
import { freePort } from '../environment/free-port.ts';

/** Where an executor manager keeps what it keeps. */
export interface ExecutorPlace {
  name: string;
  dataDir: string;
  ports: { min: number; max: number };
  /** Address of the engine as it really is; absent: its sandboxes are processes. */
  engine?: string;
  /** Address of the engine as the executor knows it. */
  engineFront?: string;
}

const PORTS = 50;

/** As executor-manager/config.ts has it. */
export const executorFolder = ({ dataDir, name }: ExecutorPlace): string =>
  path.join(dataDir, 'executors', name);

export async function executorPlace(folder: string, driver: 'docker' | 'process'): Promise<ExecutorPlace> {
  // Somewhere above the ports of tests, and below those that systems give away.
  const min = 20_000 + ((await freePort()) % 200) * PORTS;
  return {
    // Others may have executors in the same engine.
    name: `chaos-${process.pid}-${driver}`,
    dataDir: path.join(folder, `executor-${driver}`),
    ports: { min, max: min + PORTS - 1 },
  };
}
