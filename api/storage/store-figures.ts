import type { HistogramMetric, Meter, Metric } from '../machinery/meter.ts';
import type { Driver } from './driver/driver.ts';

/** The calls of a database that requests wait for. */
const OPERATIONS = ['commit', 'read_revision', 'check'] as const;
export type DatabaseOperation = (typeof OPERATIONS)[number];

export interface StoreFigures {
  /** Measures one call. */
  measured<T>(operation: DatabaseOperation, act: () => Promise<T>): Promise<T>;
  /** So many writes were committed together. */
  committed(writes: number): void;
}

const DURATIONS: HistogramMetric = {
  name: 'troupe_database_operation_seconds',
  help: 'How long the database takes for a call that requests wait for.',
  labels: ['operation'],
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10],
};
const ERRORS: Metric = {
  name: 'troupe_database_errors_total',
  help: 'Calls of the database that failed.',
  labels: ['operation'],
};
const WRITES: Metric = {
  name: 'troupe_database_writes_total',
  help: 'Writes of objects that were committed; many may be one transaction.',
};
const CONNECTIONS: Metric = {
  name: 'troupe_database_connections',
  help: 'Connections to the database that are open, and that are in use.',
  labels: ['state'],
};
const LIMIT: Metric = {
  name: 'troupe_database_connections_limit',
  help: 'Connections to the database that may be open at once.',
};
const WAITING: Metric = {
  name: 'troupe_database_connection_waiters',
  help: 'Calls that wait for a connection to the database.',
};

/** The figures of a database; those of connections only where a driver has a pool of them. */
export function storeFigures(meter: Meter, { pool }: Pick<Driver, 'pool'>): StoreFigures {
  const operations = new Map(
    OPERATIONS.map((operation) => [
      operation,
      { time: meter.histogram(DURATIONS, { operation }), errors: meter.counter(ERRORS, { operation }) },
    ]),
  );
  const writes = meter.counter(WRITES);
  if (pool !== undefined) {
    meter.gauge(CONNECTIONS, { state: 'open' }, () => pool().open);
    meter.gauge(CONNECTIONS, { state: 'in_use' }, () => pool().inUse);
    meter.gauge(LIMIT, {}, () => pool().limit);
    meter.gauge(WAITING, {}, () => pool().waiting);
  }
  return {
    async measured(operation, act) {
      const series = operations.get(operation);
      const started = performance.now();
      try {
        const result = await act();
        series?.time.observe((performance.now() - started) / 1000);
        return result;
      } catch (error) {
        series?.errors.add();
        throw error;
      }
    },
    committed: (count) => writes.add(count),
  };
}
