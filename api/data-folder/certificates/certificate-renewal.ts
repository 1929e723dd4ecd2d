import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { CertificatePair } from './certificate-maker.ts';

/** Well within the time in which certificates that are nearly over are made anew. */
const EVERY_MS = 24 * 60 * 60 * 1000;

export interface CertificateRenewalOptions {
  /** The certificate to serve with at that time, in milliseconds since the epoch. */
  load(now: number): Promise<CertificatePair>;
  use(pair: CertificatePair): void;
  clock: Clock;
  logger: Logger;
}

/** Keeps a server that runs for longer than its certificate lasts. */
export function startCertificateRenewal(options: CertificateRenewalOptions): { stop(): Promise<void> } {
  const { load, use, clock, logger } = options;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = (): void => undefined;
  const renew = async (): Promise<void> => {
    try {
      use(await load(clock.now()));
    } catch (error) {
      // The folder cannot be used today; there are a month's tries.
      logger.warn('the certificate could not be renewed', { error: describeError(error) });
    }
    if (!stopped) schedule();
  };
  const schedule = (): void => {
    cancel = clock.after(EVERY_MS, () => {
      running = renew();
    });
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}
