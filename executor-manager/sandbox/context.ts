import type { Client } from '#api/client/client';
import type { TaskLogClient } from '#api/client/task-log';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { CapacityGate } from '../places/capacity-gate.ts';
import type { SandboxDriver } from '../drivers/driver.ts';
import type { PortAllocator } from '../places/port-allocator.ts';
import type { SandboxToken } from '../executor/sandbox-token.ts';
import type { TaskTurns } from '../places/task-turns.ts';
import type { Inventory } from './inventory.ts';

/** What the sandboxes of one executor share. */
export interface SandboxContext {
  executorName: string;
  client: Client;
  taskLog: Pick<TaskLogClient, 'append' | 'read'>;
  driver: SandboxDriver;
  gate: CapacityGate;
  ports: PortAllocator;
  turns: TaskTurns;
  tokenFor: (sandboxUID: string) => SandboxToken;
  /** Waits for the engine: nobody may call a sandbox lost, or take a port, before it has said what is there. */
  inventory: Promise<Inventory>;
  limits: SandboxTimes;
  logger: Logger;
  clock: Clock;
}

/** Milliseconds. */
export interface SandboxTimes {
  /** From the start of a container until its runner answers. */
  ready: number;
  /** Beyond spec.timeoutSeconds, which the runner itself keeps to, until the sandbox is ended from outside. */
  overtime: number;
  /** From a cancellation until the sandbox is ended from outside. */
  cancel: number;
}

export const DEFAULT_TIMES: SandboxTimes = { ready: 30_000, overtime: 60_000, cancel: 15_000 };
