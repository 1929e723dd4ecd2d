import type { Client } from '#api/client/client';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { botController } from './bot/controller.ts';
import { executorController } from './executor/controller.ts';
import { garbageCollectorController } from './garbage-collector/controller.ts';
import { ghostController } from './ghost/controller.ts';
import { modelController } from './model/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { rootCAController } from './root-ca/controller.ts';
import type { ControllerContext } from './runtime/controller-context.ts';
import { createInformers } from './runtime/informers.ts';
import { startManager } from './runtime/manager.ts';
import type { Manager, Runnable } from './runtime/manager.ts';
import { createRecorder } from './runtime/recorder.ts';
import { sandboxController } from './sandbox/controller.ts';
import { serviceAccountController } from './service-account/controller.ts';
import { shellController } from './shell/controller.ts';
import { taskController } from './task/controller.ts';
import { COLLABORATION_MODELS } from './task/graph/collaboration-models.ts';
import type { CollaborationModels } from './task/graph/collaboration-models.ts';
import { teamController } from './team/controller.ts';
import { workspaceController } from './workspace/controller.ts';

export interface ControllersOptions {
  client: Client;
  logger: Logger;
  /** PEM of the API server's authority, published in each namespace; absent: nothing is published. */
  caCertificate?: string;
  clock?: Clock;
  /** How Teams work; those of this version when absent. */
  collaborationModels?: CollaborationModels;
  /** Aborts a start that waits for a server that does not come. */
  signal?: AbortSignal;
}

/** Starts all controllers; resolves when their caches are filled and they work. */
export async function startControllers(options: ControllersOptions): Promise<Manager> {
  const { client, logger, caCertificate, clock = systemClock, signal } = options;
  const { collaborationModels = COLLABORATION_MODELS } = options;
  const recorders: Runnable[] = [];
  const informers = createInformers({ client, clock, logger });
  const context: ControllerContext = {
    client,
    informers,
    clock,
    logger,
    recorder(component) {
      const recorder = createRecorder({ client, component, clock, logger });
      recorders.push(recorder);
      return recorder;
    },
  };
  const controllers = [
    ghostController(context),
    modelController(context),
    shellController(context),
    workspaceController(context),
    botController(context),
    teamController(context, Object.keys(collaborationModels)),
    taskController(context, collaborationModels),
    sandboxController(context),
    executorController(context),
    garbageCollectorController(context),
    namespaceController(context),
    serviceAccountController(context),
    ...(caCertificate === undefined ? [] : [rootCAController(context, caCertificate)]),
  ];
  const groups = [recorders, [informers], controllers];
  return startManager({ groups, clock, logger, ...(signal === undefined ? {} : { signal }) });
}
