import { backOffDelay } from '#api/machinery/back-off';
import { sleep, systemClock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import { findServingForm } from '#api/client/serving-form';
import type { ServingForm } from '#api/client/serving-form';
import type { Transport } from '#api/client/transport';

/** While the server is away. */
const BACK_OFF = { first: 200, max: 5000 };

export interface ServingFormOptions {
  transport: Transport;
  logger: Logger;
  /** Aborts the wait for a server that does not come. */
  signal: AbortSignal;
}

/** How the server has Troupe's kinds; waits for one that is away. Throws as findServingForm does. */
export async function servingForm({ transport, logger, signal }: ServingFormOptions): Promise<ServingForm> {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      const form = await findServingForm(transport);
      if (form.isCluster)
        logger.info(form.hasTaskLog ? AGGREGATED : DEFINITIONS, { server: transport.server });
      return form;
    } catch (error) {
      if (!isAway(error)) throw error;
      logger.warn('the server does not say how it serves Tasks, trying again', {
        cause: describeError(error),
      });
    }
    await sleep(systemClock, backOffDelay(BACK_OFF, failures), signal);
  }
}

const AGGREGATED = 'a Kubernetes cluster serves, with an aggregated API server for Tasks';
const DEFINITIONS =
  'a Kubernetes cluster serves, and has Tasks from crds/ alone: they have no log, messages and answers';

const isAway = (error: unknown): boolean =>
  isStatusError(error) && (error.reason === 'TooManyRequests' || error.code >= 500);

/** Whether the server has event logs of Tasks, asked until it says so once. Rejects as findServingForm does. */
export function createTaskLogFinder(transport: Transport): () => Promise<boolean> {
  let found: Promise<ServingForm> | undefined;
  return async () => {
    found ??= findServingForm(transport);
    try {
      return (await found).hasTaskLog;
    } catch (error) {
      found = undefined;
      throw error;
    }
  };
}
