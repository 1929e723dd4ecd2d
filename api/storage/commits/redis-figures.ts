import type { HistogramMetric, Meter, Metric } from '../../machinery/meter.ts';

export interface RedisFigures {
  /** It was reached, for the first time or again. */
  connected(): void;
  /** A message to ourselves came back after so many milliseconds. */
  answered(ms: number): void;
  /** Another replica has said that there is something new. */
  hinted(): void;
}

const UP: Metric = { name: 'troupe_redis_up', help: '1 while Redis answers.' };
const CONNECTS: Metric = {
  name: 'troupe_redis_connects_total',
  help: 'How often Redis was reached; the first time counts too.',
};
const ROUND_TRIP: HistogramMetric = {
  name: 'troupe_redis_round_trip_seconds',
  help: 'How long a message to this replica itself takes through Redis.',
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3],
};
const HINTS: Metric = {
  name: 'troupe_redis_hints_total',
  help: 'Hints of other replicas that there is something new.',
};

export function redisFigures(meter: Meter, isUp: () => boolean): RedisFigures {
  meter.gauge(UP, {}, () => Number(isUp()));
  const connects = meter.counter(CONNECTS);
  const roundTrip = meter.histogram(ROUND_TRIP);
  const hints = meter.counter(HINTS);
  return {
    connected: () => connects.add(),
    answered: (ms) => roundTrip.observe(ms / 1000),
    hinted: () => hints.add(),
  };
}
