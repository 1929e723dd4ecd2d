import type { Client } from '#api/client/client';
import type { TaskLogClient } from '#api/client/task-log';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { Tracer } from '#api/machinery/tracing/tracer';
import type { ExecutorFigures } from '../executor/executor-figures.ts';
import type { LocalTaskLogs } from '../local-log/local-task-logs.ts';
import type { NodeTurns } from '../places/node-turns.ts';
import type { ModelForwarder } from '../model-forwarder/model-forwarder.ts';
import type { RunnerClients } from '../run/runner-clients.ts';
import type { RuntimeHost, RuntimeHosts } from '../runtime/runtime-host.ts';
import type { RuntimeToken } from '../runtime/runtime-token.ts';
import type { SkillStore } from '../skills/skill-store.ts';
import type { Saves } from '../work/saves.ts';
import type { WorkStore } from '../work/work-store.ts';

/** All that the sandboxes of one executor share. */
export interface ExecutorContext {
  executorName: string;
  client: Client;
  taskLog: Pick<TaskLogClient, 'append' | 'read'>;
  /** The logs that are kept here, where the server may have none. */
  localLogs?: Pick<LocalTaskLogs, 'sweep'>;
  hosts: RuntimeHosts;
  runners: RunnerClients;
  tokenFor: (runnerID: string) => RuntimeToken;
  turns: NodeTurns;
  work: WorkStore;
  skills: Pick<SkillStore, 'read'>;
  saves: Saves;
  models: ModelForwarder;
  times: SandboxTimes;
  figures: ExecutorFigures;
  tracer: Tracer;
  logger: Logger;
  clock: Clock;
}

/** The same for one sandbox, with the host that it has. */
export interface SandboxContext extends ExecutorContext, RuntimeHost {}

/** Milliseconds. */
export interface SandboxTimes {
  /** From the start of a runtime until its runner answers. */
  ready: number;
  /** Beyond spec.timeoutSeconds, which the runner itself keeps to, until the sandbox is ended from outside. */
  overtime: number;
  /** From a cancellation until the sandbox is ended from outside. */
  cancel: number;
  /** To save the work of a run that has ended. */
  save: number;
  /**
   * Until a runtime is started again in whose place another one answers. MOST_STARTS times of it are longer than a runner
   * lives that nobody calls (executor-image/runner.ts).
   */
  startAgain: number;
}

export const DEFAULT_TIMES: SandboxTimes = {
  ready: 30_000,
  overtime: 60_000,
  cancel: 15_000,
  save: 15 * 60_000,
  startAgain: 5000,
};

/** How often it is started at most. */
export const MOST_STARTS = 20;
