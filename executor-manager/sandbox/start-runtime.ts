import { isStatusError } from '#api/machinery/status-error';
import { askedImage } from '#api/types/action';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Runtime } from '../drivers/driver.ts';
import { ImageUnavailable } from '../drivers/image-unavailable.ts';
import type { Reservation } from '../runtime/runtime-source.ts';
import { tellEvent } from './sandbox-events.ts';
import type { SandboxEventOptions } from './sandbox-events.ts';

export interface StartOptions extends SandboxEventOptions {
  sandbox: Sandbox;
  signal: AbortSignal;
  /** Told what the start waits for, for the status of the Sandbox. */
  onProgress: (message: string) => void;
}

/** Starts a reserved runtime, with Events for people about its image where that has to be pulled. @throws as `start` */
export async function startWithEvents(reservation: Reservation, options: StartOptions): Promise<Runtime> {
  const { sandbox, signal, onProgress, clock } = options;
  const image = askedImage(sandbox.spec).image ?? '';
  const began = clock.now();
  let isPulling = false;
  try {
    const runtime = await reservation.start(signal, (message, { pulling } = { pulling: true }) => {
      onProgress(message);
      if (isPulling || !pulling) return;
      isPulling = true;
      void tellEvent(
        sandbox,
        { type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}".` },
        options,
      );
    });
    if (isPulling) {
      const seconds = ((clock.now() - began) / 1000).toFixed(1);
      const message = `Image "${image}" was pulled, and the runtime started, in ${seconds} s.`;
      void tellEvent(sandbox, { type: 'Normal', reason: 'Pulled', message }, options);
    }
    return runtime;
  } catch (error) {
    if (error instanceof ImageUnavailable || (isPulling && isStatusError(error))) {
      void tellEvent(sandbox, { type: 'Warning', reason: 'Failed', message: `${error.message}.` }, options);
    }
    throw error;
  }
}
