import type { HealthCheck, ProcessHealth } from '#api/machinery/health-check';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { Meter } from '#api/machinery/meter';
import { CliError } from '../error-text.ts';
import type { HealthFlags } from './flags/health-flags.ts';
import type { Lifetime } from './lifetime.ts';

/** The means by which others can see how a process is. */
export interface WatchedProcess {
  meter: Meter;
  /** Where it is seen, for the line that says that the process is ready; empty for nowhere. */
  at: string;
  /** Until then the process lives and is not ready. */
  started(health: ProcessHealth): void;
}

const PING: HealthCheck = { name: 'ping', run: () => Promise.resolve() };
const STARTUP: HealthCheck = {
  name: 'startup',
  run: () => Promise.reject(new Error('the process has not started yet')),
};

/** Answers about the process from now on, since a start may wait for long for a server that is away. */
export async function watchProcess(
  { healthAddress, logger }: HealthFlags & { logger: Logger },
  lifetime: Lifetime,
): Promise<WatchedProcess> {
  const { createPrometheusMeter } = await import('#api/metrics/prometheus-meter');
  const { meter, ...exposition } = createPrometheusMeter();
  let health: ProcessHealth = { live: [], ready: [STARTUP] };
  const started = (found: ProcessHealth): void => {
    health = found;
  };
  if (healthAddress === 'none') return { meter, at: '', started };
  const { startHealthServer } = await import('./health-server.ts');
  const server = await startHealthServer({
    address: healthAddress,
    health: () => ({ live: [PING, ...health.live], ready: [PING, ...health.ready] }),
    exposition,
    logger,
  }).catch((error: unknown) => {
    const { host, port } = healthAddress;
    throw new CliError(
      `cannot answer about health on ${host}:${port}: ${describeError(error)}; choose another address with --health-address`,
    );
  });
  lifetime.add({ name: 'health server', stop: () => server.close() });
  return { meter, at: `, health at ${server.url}`, started };
}
