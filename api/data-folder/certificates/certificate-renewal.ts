import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { startRounds } from '../../machinery/rounds.ts';
import type { Rounds } from '../../machinery/rounds.ts';
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
export function startCertificateRenewal({ load, use, clock, logger }: CertificateRenewalOptions): Rounds {
  return startRounds({
    pause: () => EVERY_MS,
    round: async () => use(await load(clock.now())),
    // The folder cannot be used today; there are a month's tries.
    failure: 'the certificate could not be renewed',
    clock,
    logger,
  });
}
